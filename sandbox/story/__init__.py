"""The story `make run` plays: every robot at work in a portal on this machine, told in docs/story.md."""
