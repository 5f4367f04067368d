# SPDX-License-Identifier: BSD-3-Clause
"""The rival people use otherwise: nginx and wrk over loopback, a core each, connection: close."""
import os
import re
import time

from process import Failed
from wires import CLIENT_CPU, SERVER_CPU

CONFIG = """
daemon off;
user root;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 8192; }}
http {{
	access_log off;
	sendfile on;
	keepalive_requests 1000000;
	client_body_temp_path {dir}/nginx-body;
	proxy_temp_path {dir}/nginx-proxy;
	fastcgi_temp_path {dir}/nginx-fastcgi;
	uwsgi_temp_path {dir}/nginx-uwsgi;
	scgi_temp_path {dir}/nginx-scgi;
	server {{
		listen 80 backlog=4096;
		root {dir}/www;
	}}
}}
"""


def nginx(processes, files, inside=()):
    """Started, with `files` to serve (name: bytes); `inside` are words that go before."""
    os.makedirs(processes.path("www"), exist_ok=True)
    os.chmod(processes.dir, 0o755)
    for name, content in files.items():
        with open(processes.path("www/" + name), "wb") as f:
            f.write(content)
    config = processes.write("nginx.conf", CONFIG.format(dir=processes.dir))
    p = processes.start("nginx", [*inside, "taskset", "-c", SERVER_CPU, "nginx", "-p",
                                  processes.dir, "-e", processes.path("nginx.log"), "-c", config])
    processes.wait_for("nginx", lambda: os.path.exists(processes.path("nginx.pid")), 10, p)
    time.sleep(0.1)
    return p


def stop(processes, p):
    p.terminate()
    processes.finish(p, 10)


def connections_per_second(processes, seconds, body=64, at_once=64):
    """Connections a second, each with one request for a body of so many bytes."""
    server = nginx(processes, {"index": b"x" * body})
    try:
        said = processes.run("wrk", ["taskset", "-c", CLIENT_CPU, "wrk", "-t", 1, "-c", at_once,
                                     "-d", f"{seconds}s", "-H", "Connection: close",
                                     "http://127.0.0.1/index"], seconds + 20)
    finally:
        stop(processes, server)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    if not rate or "Non-2xx" in said:
        raise Failed(f"wrk: {said.strip().splitlines()[-1] if said.strip() else 'not a word'}")
    return float(rate[1])
