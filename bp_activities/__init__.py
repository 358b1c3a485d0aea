"""Robots: `ls` here is the designer's menu, one file a robot; files with an underscore are what robots stand on."""
