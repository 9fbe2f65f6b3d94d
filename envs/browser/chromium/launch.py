"""Finding a Chromium, starting it on a pipe, and ending it with everything that it started."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

from selftrain.envs.browser.chromium.pipe import Listener, Pipe, RefusedError
from selftrain.errors import BackendUnavailableError, SandboxError

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT = 1280, 720
_START_SECONDS = 60.0
_END_SECONDS = 5.0
_FEATURES_OFF = (
    "BackForwardCache,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,Translate,MediaRouter,OptimizationHints,"
    "DialMediaRouteProvider,InterestFeedContentSuggestions,AutofillServerCommunication,CertificateTransparencyComponentUpdater,"
    "SpareRendererForSitePerProcess,IsolateOrigins,site-per-process,PaintHolding,AudioServiceOutOfProcess,"
    "ServiceWorkerPaymentApps,WebRtcHideLocalIpsWithMdns,Prerender2,LensOverlay,GlobalMediaControls"
)
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    f"--window-size={WIDTH},{HEIGHT}",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--lang=en-US",
    # no traffic but that of pages
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-client-side-phishing-detection",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-proxy-server",
    "--metrics-recording-only",
    "--disable-breakpad",
    "--dns-prefetch-disable",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    # nothing that slows a page which nobody looks at
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    "--disable-popup-blocking",
    "--disable-ipc-flooding-protection",
    # small: one process for pages, none for graphics or network
    "--disable-gpu",
    "--in-process-gpu",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--enable-features=NetworkServiceInProcess2",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    f"--disable-features={_FEATURES_OFF}",
)


def find_chromium(executable: str | None = None) -> str:
    """The path of the browser: `executable` if given, else the first of `NAMES` on PATH.

    Raises:
        BackendUnavailableError: there is none; says which package has it.
    """
    for name in [executable] if executable else NAMES:
        if found := shutil.which(name):
            return found
    missing = f"{executable!r} is not an executable" if executable else f"none of {', '.join(NAMES)} is on PATH"
    raise BackendUnavailableError(
        f"The chromium engine needs a Chromium and {missing}. Get it: apt-get install chromium-headless-shell; "
        "or use engine='dom', which needs no browser."
    )


class BrowserProcess:
    """A running browser, with a folder of its own that goes with it.

    Args:
        executable: path of the browser.
        port: of 127.0.0.1, where port 80 of every host under `.test` leads; nothing else can be resolved.
        listener: gets the events of the protocol.
        arguments: more flags.

    Raises:
        SandboxError: it does not start; says what it printed.
    """

    def __init__(self, executable: str, port: int, listener: Listener, arguments: Sequence[str] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="selftrain-browser-"))
        for name in ("profile", "downloads", "uploads", "tmp"):
            (self.folder / name).mkdir()
        self._log = self.folder / "stderr"
        flags = [
            executable,
            *_FLAGS,
            # a page of a site could exploit a renderer at most; root cannot have Chromium's own sandbox
            *(["--no-sandbox", "--no-zygote"] if os.geteuid() == 0 else []),
            f"--user-data-dir={self.folder / 'profile'}",
            f"--host-resolver-rules=MAP *.test:80 127.0.0.1:{port}, MAP * ~NOTFOUND",
            *arguments,
            "about:blank",
        ]
        ours, theirs = _pipes()
        try:
            self.pid = self._spawn(flags, theirs)
        except OSError as error:
            for end in ours:
                os.close(end)
            shutil.rmtree(self.folder, ignore_errors=True)
            raise SandboxError(f"{executable} cannot be started: {error}") from error
        finally:
            for end in theirs:
                os.close(end)
        self.pipe = Pipe(*ours, listener)
        self._end = weakref.finalize(self, _end, os.getpid(), self.pid, self.pipe, self.folder)
        try:
            self.version = str(self.pipe.call("Browser.getVersion", seconds=_START_SECONDS)["product"])
        except (SandboxError, RefusedError) as error:
            said = self._log.read_text(errors="replace")[-2000:].strip()
            self.end()
            raise SandboxError(f"{executable} did not start: {error}. It said: {said or 'nothing'}") from error

    def end(self) -> None:
        """End the browser and all its children, and remove its folder; doing so twice is fine."""
        self._end()

    def _spawn(self, flags: Sequence[str], ends: tuple[int, int]) -> int:
        # what a browser keeps outside of its profile goes where the profile goes
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "FONTCONFIG_FILE") if name in os.environ}
        environment = {**kept, "HOME": str(self.folder), "TMPDIR": str(self.folder / "tmp"), "TZ": "UTC"}
        environment["LANG"] = "C.UTF-8"
        reader, writer = ends
        return os.posix_spawn(
            flags[0],
            list(flags),
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(self._log), os.O_WRONLY | os.O_CREAT, 0o600),
                (os.POSIX_SPAWN_DUP2, reader, 3),
                (os.POSIX_SPAWN_DUP2, writer, 4),
            ],
            setsid=True,
        )


def _pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    """Our ends (to read, to write) and the browser's (to read, to write), all above those that it gets them as."""
    ends = []
    for _ in range(2):
        for end in os.pipe():
            ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
            os.close(end)
    from_browser, browser_writes, browser_reads, to_browser = ends
    return (from_browser, to_browser), (browser_reads, browser_writes)


def _end(owner: int, pid: int, pipe: Pipe, folder: Path) -> None:
    if os.getpid() != owner:  # a fork of ours ends, and the browser is not its own
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + _END_SECONDS
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.002)  # a child can be waited for with a limit by asking again only
    pipe.close()
    shutil.rmtree(folder, ignore_errors=True)
