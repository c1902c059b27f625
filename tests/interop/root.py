"""The guests' root folder: made once from Debian's packages, used read-only by every guest.

Nothing is installed: the packages are fetched with apt-get download and unpacked as plain files; no
maintainer script runs. The result lies in ${XDG_CACHE_HOME:-~/.cache}/michi/guest-KEY, where KEY stands
for the list of packages and the text of the scripts that make it:
  root/        the guests' files, with the modules of both kernels
  linux.uml    the User-Mode Linux kernel
  vmlinux      Debian's amd64 kernel, unpacked, and initrd, both for QEMU
"""
import fcntl
import gzip
import hashlib
import lzma
import os
import pathlib
import shutil
import stat
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = """base-files base-passwd bash busybox-static coreutils conntrack dash dnsmasq-base ethtool findutils grep iperf3 iproute2
 iputils-ping kmod libc-bin libfmt9 libgcrypt20 libmnl0 libnetfilter-conntrack3 libnftables1 libstdc++6 libsystemd0
 libcap2 mawk mount netbase nftables ppp pppoe procps python3 radvd sed socat tcpdump util-linux kea-dhcp6-server
 wide-dhcpv6-client wide-dhcpv6-server""".split()
# Maintainer scripts and what only they need.
LEFT_OUT = {"debconf", "adduser", "passwd", "perl", "usrmerge", "libperl5.36", "perl-modules-5.36"}
KERNEL_FOLDERS = ("arch", "crypto", "lib", "net", "fs/9p", "fs/netfs", "fs/fscache", "fs/overlayfs", "drivers/net/ppp", "drivers/net/slip",
                  "drivers/net/veth.ko", "drivers/net/tun.ko", "drivers/net/ifb.ko", "drivers/net/dummy.ko",
                  "drivers/net/virtio_net.ko", "drivers/net/mii.ko", "drivers/virtio", "drivers/tty", "drivers/char/virtio_console.ko",
                  "drivers/net/net_failover.ko")
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
UNPACK_SECONDS, FETCH_SECONDS = 120, 900


class Unavailable(RuntimeError):
    """The guests cannot be had on this machine; the text says what is missing."""


def cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "michi"


def key():
    text = hashlib.sha256(" ".join(PACKAGES).encode())
    for path in (pathlib.Path(__file__), HERE / "guest/init", HERE / "guest/init-uml", HERE / "guest/init-qemu"):
        text.update(path.read_bytes())
    return text.hexdigest()[:12]


def _run(argv, seconds=UNPACK_SECONDS, **more):
    try:
        done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{argv[0]}: {error}") from None
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(str(a) for a in argv[:4])} …: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout


def _closure():
    """Every package the list needs, as on a machine where none is installed; and the amd64 kernel's."""
    shown = _run(["apt-get", "install", "-s", "-o", "Dir::State::status=/dev/null", "--no-install-recommends", *PACKAGES]).decode()
    names = [line.split()[1] for line in shown.splitlines() if line.startswith("Inst ")]
    depends = _run(["apt-cache", "depends", "linux-image-amd64"]).decode()
    kernel = next((line.split()[-1] for line in depends.splitlines() if "Depends: linux-image-" in line), None)
    if not kernel:
        raise Unavailable("linux-image-amd64 is not in the package lists")
    return [name for name in names if name not in LEFT_OUT], kernel


def _fetch(names, folder):
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not list(folder.glob(f"{name}_*.deb"))]
    if missing:
        _run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *missing], FETCH_SECONDS, cwd=folder)
    return [sorted(folder.glob(f"{name}_*.deb"))[-1] for name in names]


def _packages():
    """The files of all packages; the last two are the kernels'."""
    names, kernel = _closure()
    return _fetch([*names, kernel, "user-mode-linux"], cache() / "debs")


def _unpack(package, target):
    text = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
    try:
        _run_from(text.stdout, ["tar", "-x", "--keep-directory-symlink", "--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*",
                                "--exclude=./usr/share/locale/*", "-C", str(target)])
    finally:
        text.stdout.close()
        if text.wait(10) != 0:
            raise Unavailable(f"{package.name} does not unpack")


def _run_from(source, argv):
    done = subprocess.run(argv, stdin=source, capture_output=True, timeout=UNPACK_SECONDS)
    if done.returncode != 0:
        raise Unavailable(f"{argv[0]}: {done.stderr.decode(errors='replace').strip()[-300:]}")


def _vmlinux(image):
    """The kernel proper out of a bzImage: QEMU starts it at once, where the compressed one takes seconds to unpack."""
    data = image.read_bytes()
    begin = (data[0x1f1] or 4) * 512 + 512
    offset, length = struct.unpack_from("<II", data, 0x248)
    unpacked = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data[begin + offset:begin + offset + length])
    if unpacked[:4] != b"\x7fELF":
        raise Unavailable(f"{image.name} holds no ELF image")
    return unpacked


def _cpio(entries):
    """An initramfs (newc) of (name, mode, bytes)."""
    out = bytearray()
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")]):
        raw = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + raw
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return gzip.compress(bytes(out), 1)


def _initrd(root, release):
    folder = root / "lib/modules" / release
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    order = []
    for name in BOOT_MODULES:
        path = next((p for p in needs if p.endswith(f"/{name}.ko")), None)
        if path:
            order += [p for p in [*reversed(needs[path]), path] if p not in order]
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in ("bin", "modules", "proc", "dev", "lower", "mem", "new")]
    entries.append(("bin/busybox", stat.S_IFREG | 0o755, (root / "bin/busybox").read_bytes()))
    entries.append(("init", stat.S_IFREG | 0o755, (HERE / "guest/init-qemu").read_bytes()))
    for number, path in enumerate(order):
        entries.append((f"modules/{number:02}-{pathlib.Path(path).name}", stat.S_IFREG | 0o644, (folder / path).read_bytes()))
    return _cpio(entries)


def _keep_modules(source, target):
    """The part of Debian's modules that a guest may load: the whole tree is five times as large."""
    for name in KERNEL_FOLDERS:
        if (source / "kernel" / name).exists():
            (target / "kernel" / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (source / "kernel" / name).is_dir() else shutil.copy2
            copy(source / "kernel" / name, target / "kernel" / name)
    for path in source.glob("modules.*"):
        shutil.copy2(path, target / path.name)


def _depmod(root, release):
    # By the guest's own kmod: the host may have none.
    _run(["bash", "-c", 'exec -a depmod "$0" "$@"', root / "usr/bin/kmod", "-b", root, release],
         env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(root / "usr/lib/x86_64-linux-gnu")})


def _finish(root):
    """What maintainer scripts would have done, as far as the guests need it."""
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    with open(root / "etc/passwd", "a") as out:
        out.write("dnsmasq:x:107:65534::/:/usr/sbin/nologin\ntcpdump:x:109:109::/:/usr/sbin/nologin\n"
                  "radvd:x:111:65534::/:/usr/sbin/nologin\n")
    with open(root / "etc/group", "a") as out:
        out.write("tcpdump:x:109:\nmichi:x:110:\n")
    (root / "usr/bin/awk").unlink(missing_ok=True)
    (root / "usr/bin/awk").symlink_to("mawk")
    (root / "etc/hosts").write_text("127.0.0.1 localhost guest\n")
    for name in ("proc", "sys", "dev", "run", "tmp", "mnt", "share", "root", "etc/ppp/peers", "var/lib/misc"):
        (root / name).mkdir(parents=True, exist_ok=True)
    # Their run-parts scripts belong to a machine that is used otherwise, and cost 50 ms each.
    for name in ("ip-up", "ip-down", "ipv6-up", "ipv6-down"):
        (root / "etc/ppp" / name).unlink(missing_ok=True)
    (root / "etc/ppp/options").write_text("")
    for source, target in (("init", "sbin/guest-init"), ("init-uml", "sbin/uml-init")):
        shutil.copy(HERE / "guest" / source, root / target)
        (root / target).chmod(0o755)


def _build(folder):
    root = folder / "root"
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    try:
        debs = _packages()
    except Unavailable:
        # The package lists are missing, or older than the archive.
        _run(["apt-get", "update", "-q"], FETCH_SECONDS)
        debs = _packages()
    for package in debs[:-2]:
        _unpack(package, root)
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    for package in debs[-2:]:
        _unpack(package, unpacked)
    modules = root / "lib/modules"
    modules.mkdir(exist_ok=True)
    amd64 = next((unpacked / "lib/modules").iterdir())
    _keep_modules(amd64, modules / amd64.name)
    uml = next((unpacked / "usr/lib/uml/modules").iterdir())
    shutil.copytree(uml, modules / uml.name)
    for release in (amd64.name, uml.name):
        _depmod(root, release)
    _finish(root)
    shutil.move(unpacked / "usr/bin/linux.uml", folder / "linux.uml")
    (folder / "vmlinux").write_bytes(_vmlinux(next((unpacked / "boot").glob("vmlinuz-*"))))
    (folder / "initrd").write_bytes(_initrd(root, amd64.name))
    shutil.rmtree(unpacked)


def ready(tell=print):
    """The folder of the guests' root; made when it is not there. One maker at a time."""
    for tool in ("apt-get", "dpkg-deb", "tar"):
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is missing: the guests' root is made from Debian's packages")
    folder = cache() / f"guest-{key()}"
    if (folder / "complete").exists():
        return folder
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "complete").exists():
            return folder
        tell(f"making the guests' root in {folder} (once; 150 MB of packages)")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            _build(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        (folder / "complete").touch()
    return folder


if __name__ == "__main__":
    print(ready())
