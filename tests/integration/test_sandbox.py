"""A program in the sandbox reaches its inputs and its own processes, and nothing else of the machine."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from pathlib import Path

from confined import User


def test_host_files_are_not_there(user: User) -> None:
    secret = user.make_folder("home", secret="of the host", project="of another", store="of everybody")
    inputs = user.make_folder("inputs", source="given")
    (inputs / "out").symlink_to(secret / "secret")
    (inputs / "up").symlink_to("../home")
    done = user.run(
        f"""
        import json, os
        seen = {{}}
        for path in {[*map(str, secret.iterdir()), *map(str, inputs.iterdir()), str(inputs / "up" / "secret")]} + [
            "/etc/shadow", "/etc/passwd", "/etc/hostname", "/etc/resolv.conf", "/root", "/home", "/var", "/run", "/sys",
            "/boot", "/proc/1/root/etc/shadow", "/proc/1/cwd/etc/shadow", "/dev/mem", "/dev/kmsg", "/dev/sda",
            "{secret}/../home/secret", "/dev/fd/../../etc/shadow",
        ]:
            try:
                seen[path] = open(path).read() if not os.path.isdir(path) else os.listdir(path)
            except OSError as error:
                seen[path] = None
        print(json.dumps([seen, sorted(os.listdir("/")), os.listdir("/tmp"), os.listdir("{user.folder}")]))
        """,
        readable=[inputs],
    )
    assert done.returncode == 0, done
    seen, root, temporary, folder = json.loads(done.stdout)
    on_the_way = {"/" + user.prefix.parts[1]: list(user.prefix.parts[2:3])}
    found = {path: text for path, text in seen.items() if text and on_the_way.get(path) != text}
    assert found == {str(inputs / "source"): "given"}
    known = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr"}
    assert set(root) <= known | {user.prefix.parts[1]}
    assert (temporary, folder) == ([user.folder.name], ["inputs"])


def test_only_what_is_writable_is_written(user: User) -> None:
    outside = user.make_folder("outside", kept="as it was")
    inputs = user.make_folder("read-only", source="given")
    out = user.make_folder("out", mine="old")
    (out / "link").symlink_to(outside / "kept")
    (out / "folder").symlink_to(outside)
    done = user.run(
        f"""
        import json, os
        refused = {{}}
        for path in ["{inputs}/source", "{inputs}/new", "{out}/link", "{out}/folder/new", "/usr/new", "/new",
                     "/dev/new", "/etc/new"]:
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
            except OSError as error:
                refused[path] = error.errno
        for name, act in dict(
            unlink=lambda: os.unlink("{inputs}/source"), link=lambda: os.link("{inputs}/source", "{out}/hard"),
            rename=lambda: os.rename("{out}", "{out}2"), chmod=lambda: os.chmod("{inputs}/source", 0o777),
            device=lambda: os.mknod("{out}/disk", 0o60666, os.makedev(8, 0)), chroot=lambda: os.chroot("{out}"),
        ).items():
            try:
                act()
            except OSError as error:
                refused[name] = error.errno
        opened = []
        for folder, _, files in os.walk("/proc/sys"):
            for file in files:
                try:
                    os.close(os.open(f"{{folder}}/{{file}}", os.O_WRONLY))
                    opened.append(file)
                except OSError:
                    pass
        open("{out}/mine", "w").write("new")
        open("/tmp/mine", "w").write("new")
        print(json.dumps([refused, opened]))
        """,
        readable=[inputs],
        writable=[out],
    )
    refused, opened = json.loads(done.stdout)
    assert (len(refused), opened) == (14, []), done
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"kept": "as it was"}
    assert {path.name: path.read_text() for path in inputs.iterdir()} == {"source": "given"}
    assert sorted(path.name for path in out.iterdir()) == ["folder", "link", "mine"]
    assert (out / "mine").read_text() == "new"
    assert (out / "mine").stat().st_uid == user.number
    assert not Path("/tmp/mine").exists()


def test_no_network(user: User) -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as loopback,
        closing(socket.socket(socket.AF_UNIX)) as named,
        closing(socket.socket(socket.AF_UNIX)) as abstract,
    ):
        named.bind(f"{user.folder}/socket")
        Path(user.folder, "socket").chmod(0o777)
        abstract.bind(f"\0{user.folder.name}-{user.number}")
        for server in (named, abstract):
            server.listen()
        done = user.run(
            f"""
            import json, socket
            refused = []
            for family, address in [
                (socket.AF_INET, ("127.0.0.1", {loopback.getsockname()[1]})), (socket.AF_INET, ("192.0.2.1", 80)),
                (socket.AF_INET6, ("::1", {loopback.getsockname()[1]})), (socket.AF_UNIX, "{user.folder}/socket"),
                (socket.AF_UNIX, {abstract.getsockname()!r}), (socket.AF_VSOCK, (2, 1)),
            ]:
                try:
                    with socket.socket(family, socket.SOCK_STREAM) as client:
                        client.settimeout(5)
                        client.connect(address)
                except OSError as error:
                    refused.append(error.strerror)
            print(json.dumps([refused, [name for _, name in socket.if_nameindex()]]))
            """
        )
    refused, interfaces = json.loads(done.stdout)
    assert refused == [
        "Connection refused",
        "Network is unreachable",
        "Connection refused",
        "No such file or directory",
        "Connection refused",
        "Address family not supported by protocol",
    ]
    assert interfaces == ["lo"]


def test_no_power_over_the_host(user: User) -> None:
    done = user.run(
        f"""
        import ctypes, errno, json, os, re, socket
        libc = ctypes.CDLL(None, use_errno=True)
        def call(name, *arguments):
            ctypes.set_errno(0)
            return errno.errorcode.get(ctypes.get_errno()) if getattr(libc, name)(*arguments) < 0 else "done"
        status = open("/proc/self/status").read()
        print(json.dumps({{
            "processes": [int(name) for name in os.listdir("/proc") if name.isdigit()],
            "kill": call("kill", {os.getpid()}, 9),
            "ptrace": call("ptrace", 16, {os.getpid()}, 0, 0),
            "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
            "umount": call("umount2", b"/proc/sys", 2),
            "user namespace": call("unshare", 0x10000000),
            "mount namespace": call("unshare", 0x00020000),
            "io_uring": call("syscall", 425, 1, None),
            "keys": call("syscall", 250 if os.uname().machine == "x86_64" else 219, 0, -3, 0),
            "root": call("setuid", 0),
            "nice": call("nice", -5),
            "terminal": call("open", b"/dev/tty", 2),
            "capabilities": [int(bits, 16) for bits in re.findall("Cap(?:Prm|Eff|Bnd|Amb):\\\\s*(\\\\w*)", status)],
            "new privileges": "NoNewPrivs:\\t0" in status,
            "set-uid mounts": [line for line in open("/proc/mounts") if "nosuid" not in line],
            "host": socket.gethostname(),
            "session": os.getsid(0),
        }}))
        """
    )
    found = json.loads(done.stdout)
    assert len(found.pop("processes")) == 2
    assert found.pop("user namespace") in ("EPERM", "ENOSPC")
    assert found == {
        "kill": "ESRCH",
        "ptrace": "ESRCH",
        "mount": "EPERM",
        "umount": "EPERM",
        "mount namespace": "EPERM",
        "io_uring": "ENOSYS",
        "keys": "ENOSYS",
        "root": "EINVAL",
        "nice": "EPERM",
        "terminal": "ENXIO",
        "capabilities": [0, 0, 0, 0],
        "new privileges": False,
        "set-uid mounts": [],
        "host": "sandbox",
        "session": found["session"],
    }
    assert found["session"] > 0


def test_environment_is_what_is_given(user: User) -> None:
    out = user.make_folder("environment")
    program = "import json, os; print(json.dumps([dict(os.environ), os.getcwd(), os.umask(0)]))"
    done = user.run(program, writable=[out], environ={"LC_ALL": "C.UTF-8", "É": "ü = 1"}, umask=0o077)
    expected = {"LC_ALL": "C.UTF-8", "É": "ü = 1", "PWD": str(out)}
    assert json.loads(done.stdout) == [expected, str(out), 0o077]


def test_inner_mounts_and_links_to_inputs(user: User) -> None:
    work = user.make_folder("work", ours="rw")
    (fixed := work / "fixed").mkdir()
    (fixed / "theirs").write_text("ro")
    (free := fixed / "free").mkdir()
    os.chown(free, user.number, -1)
    (user.folder / "versions").mkdir()
    (user.folder / "versions" / "1").symlink_to("../work/fixed")
    (short := user.folder / "current").symlink_to("versions/1")
    (user.folder / "disk").symlink_to(user.make_folder("mounted"))
    (moved := user.folder / "disk" / "cache").mkdir()
    os.chown(moved, user.number, -1)
    done = user.run(
        f"""
        print(open("{short}/theirs").read())
        for path in "{work}/ours", "{short}/free/x", "{moved}/x", "{short}/theirs", "{fixed}/theirs":
            try:
                print(open(path, "w").write("x"))
            except OSError as error:
                print(error.strerror)
        """,
        readable=[short],
        writable=[moved, work, free],
    )
    assert done.stdout.splitlines() == ["ro", "1", "1", "1", "Read-only file system", "Read-only file system"], done
