"""Where both clients are measured: one guest with the access concentrator, the wire and a namespace for each client."""
import pathlib
import shutil
import subprocess
import tempfile
import time

import guest as guests
import root
from field import PASSWORD, uplink

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = {"michi": "router", "pppd": "kclient", "pppd-user": "uclient"}
# A working guest's clock counts its own instructions, one a nanosecond: another load on this machine hardly enters the figures.
COUNTED = ("-icount", "shift=0", "-rtc", "clock=vm")


class Place:
    """A booted guest with the field of one group."""

    def __init__(self, build, runs, mode="kernel", memory=512, uplinks=None, secret=PASSWORD, options="", lan="", files=(), snap=96):
        self.build, self.runs, self.lan = build, runs, lan
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="michi-compare-"))
        self.begun = time.monotonic()
        guests.BOOT_SECONDS["qemu"] = 400
        self.guest = None
        try:
            self.guest = guests.Guest(root.ready(), self.directory, "qemu", memory=memory, more=COUNTED)
            for binary in ("michid", "michi"):
                target = self.guest.share / binary
                shutil.copy(build / "src" / binary, target)
                subprocess.run(["strip", target], check=True)
            for path in (HERE / "guest/compare.sh", *files):
                shutil.copy(path, self.guest.share)
            self.configure(uplinks or [uplink(interface='"eth0"', start="false", echo='{ interval = "1s", failures = 3 }')], secret)
            self.run(f"SNAP={snap} field {mode} {options}", 600)
            self.address = {who: self.run(f"hardware_address {space}").strip() for who, space in CLIENTS.items()}
            self.say("the field is there")
        except BaseException:
            self.close()
            raise

    def configure(self, uplinks, secret=PASSWORD):
        names = [text.split("]")[0].removeprefix("[uplink.") for text in uplinks]
        (self.guest.share / "michi.toml").write_text("[router]\npadi-burst = 0\n" + self.lan + "\n".join(uplinks))
        (self.guest.share / "secrets.toml").write_text("".join(f'{name} = "{secret}"\n' for name in names))

    def run(self, text, seconds=300):
        # The guest's seconds may be several of this machine's.
        return self.guest.run(f". /share/compare.sh\n{text}", seconds * 6)

    def say(self, words):
        print(f"{time.monotonic() - self.begun:7.1f} {words}", flush=True)

    def capture(self):
        self.run("captured")
        return self.guest.share / "wire.pcap"

    def versions(self):
        shown = self.run("uname -r; pppd --version 2>&1; /tmp/michid --version; dpkg-query -W 2>/dev/null; true").splitlines()
        return {"kernel": shown[0], "pppd": shown[1].split()[-1], "michi": shown[2].split()[-1]}

    def close(self):
        if self.guest:
            self.guest.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
