"""usage: python-events.py CLIENT URL: a blocking client says each event of a stream on a line, {"type":…,"data":…}"""

import importlib.util
import json
import os
import sys
import sysconfig

import requests
import requests_sse
import sseclient as sseclient_py


def sseclient():
    """PyPI's sseclient is a file, and sseclient-py's folder of the same name stands before it."""
    path = os.path.join(sysconfig.get_paths()["purelib"], "sseclient.py")
    spec = importlib.util.spec_from_file_location("sseclient_file", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def events(client, url):
    match client:
        case "sseclient-py":
            answer = requests.get(url, stream=True, headers={"Accept": "text/event-stream"}, timeout=None)
            return sseclient_py.SSEClient(answer.iter_content(None)).events()
        case "sseclient":
            return sseclient().SSEClient(url)
        case "requests-sse":
            source = requests_sse.EventSource(url)
            source.connect()
            return source


for event in events(*sys.argv[1:]):
    kind = getattr(event, "event", None) or getattr(event, "type", None) or "message"
    print(json.dumps({"type": kind, "data": json.loads(event.data)}), flush=True)
