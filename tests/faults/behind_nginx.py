"""The shipped nginx configuration before a served product, on loopback ports, without TLS."""
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import wait_for
from webapp.child_process import die_with_parent, stop_process

ROOT = Path(__file__).parent.parent.parent
PATHS = "/usr/sbin:/usr/local/sbin:/usr/bin"


def nginx_binary() -> str:
    """Raises FileNotFoundError with what to type."""
    found = shutil.which("nginx", path=PATHS)
    if found is None:
        raise FileNotFoundError("nginx is needed for this test: apt-get install nginx-light")
    return found


@contextmanager
def behind_nginx(folder: Path, upstream: str) -> Iterator[int]:
    """nginx with deploy/nginx.conf in front of `upstream` (unix:PATH or HOST:PORT); gives its port."""
    folder.mkdir(mode=0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "saltcheck_proxy.conf").write_text((ROOT / "deploy/saltcheck_proxy.conf").read_text())
    (folder / "site.conf").write_text(adapted((ROOT / "deploy/nginx.conf").read_text(), folder, upstream, port))
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log warn; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/site.conf;
}}
""")
    process = subprocess.Popen([nginx_binary(), "-c", str(folder / "nginx.conf"), "-p", str(folder)],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent())

    def listens() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(listens, f"nginx ({folder}/error.log)")
        yield port
    finally:
        stop_process(process)


def adapted(shipped: str, folder: Path, upstream: str, port: int) -> str:
    """The shipped file with our own upstream, port and folder, every client from one address, and without TLS."""
    text, plain_http = shipped, r"server \{\s+listen 80;.*?\n\}\n"
    text, removed = re.subn(plain_http, "", text, flags=re.S)
    assert removed == 1
    text = re.sub(r"server 127\.0\.0\.1:8000", f"server {upstream}", text)
    text = re.sub(r"^\s*(ssl_|http2|add_header Strict|listen \[::\]).*\n", "", text, flags=re.M)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("server_name salt.example;", "server_name 127.0.0.1;")
    text = text.replace("/etc/nginx/saltcheck_proxy.conf", f"{folder}/saltcheck_proxy.conf")
    text = text.replace("/srv/saltcheck/static/", f"{ROOT}/static/")
    # One test machine is all the clients there are: what one address may do is not what is tested here.
    text = re.sub(r"limit_conn peers \d+", "limit_conn peers 60000", text)
    return re.sub(r"rate=\d+r/[sm]", "rate=100000r/s", text)
