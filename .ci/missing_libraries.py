"""Print the Debian packages of shared libraries that this machine lacks: python3 .ci/missing_libraries.py.

With --explain: say what is missing and what to install, exit 1 if nothing can run without it. The wheels of
OpenCV and MediaPipe bring everything but these; a desktop has them, a bare server or container has not.
"""

import ctypes
import sys

OPENCV = {"libGL.so.1": "libgl1", "libxcb.so.1": "libxcb1", "libgthread-2.0.so.0": "libglib2.0-0"}
MEDIAPIPE = {"libEGL.so.1": "libegl1", "libGLESv2.so.2": "libgles2"}
INSTALL = "on Debian or Ubuntu, as root: apt-get install -y"


def missing(libraries: dict[str, str]) -> dict[str, str]:
    """Return those of `libraries` (file name to Debian package) that the dynamic linker does not find."""
    absent = {}
    for library, package in libraries.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            absent[library] = package
    return absent if sys.platform == "linux" else {}


def main() -> int:
    """Return the exit status: 1 only when asked to explain and OpenCV cannot be loaded."""
    opencv, mediapipe = missing(OPENCV), missing(MEDIAPIPE)
    if "--explain" not in sys.argv:
        print(*opencv.values(), *mediapipe.values())
        return 0
    if opencv:
        print(f"setup: OpenCV needs {', '.join(opencv)}, not found on this machine", file=sys.stderr)
        print(f"setup: install it and run make again; {INSTALL} {' '.join(opencv.values())}", file=sys.stderr)
    if mediapipe:
        print(f"setup: MediaPipe's pose models would need {', '.join(mediapipe)}", file=sys.stderr)
        print(
            f"setup: the ball model does without; {INSTALL} {' '.join(mediapipe.values())}", file=sys.stderr
        )
    return 1 if opencv else 0


if __name__ == "__main__":
    sys.exit(main())
