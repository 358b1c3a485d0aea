"""An empty Flask route, to be served exactly as the doors are: what there is to be compared with."""

from flask import Flask

app = Flask(__name__)


@app.get("/empty")
def empty() -> str:
    return ""
