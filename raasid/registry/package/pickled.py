"""Telling a pickle or an archive by its first bytes, without reading it as one."""

from __future__ import annotations

import io
import pickletools

HEAD = 64 << 10
"""Bytes that are looked at."""
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive, as torch.save writes it with a pickle inside",
    b"PK\x05\x06": "a zip archive",
    b"PK\x07\x08": "a zip archive",
    b"\x1f\x8b\x08": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
}
_CERTAIN = {"PROTO", "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"}
_KEEP, _RECALL = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}, {"GET", "BINGET", "LONG_BINGET"}
_TAR_SUM = slice(148, 156)


def archive(head: bytes) -> str | None:
    """What kind of archive begins so; None for none."""
    for magic, kind in _ARCHIVES.items():
        if head.startswith(magic):
            return kind
    return "a tar archive" if head[257:262] == b"ustar" or _old_tar(head) else None


def is_pickle(head: bytes, fewest: int = 2) -> bool:
    """Whether Python's pickle, of any protocol, would take this for its own.

    Instructions are followed with what they take from the stack and put there; none is carried out.
    fewest: instructions that make a pickle where none of them imports or calls something, as a few
    letters of ordinary text may. A head that is cut off counts if it is one so far.
    """
    stream, mark = io.BytesIO(head), pickletools.markobject
    stack: list[object] = []
    kept: set[object] = set()
    count, certain = 0, False
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            count, certain = count + 1, certain or opcode.name in _CERTAIN
            if opcode.name in _KEEP:
                kept.add(len(kept) if opcode.name == "MEMOIZE" else argument)
            elif opcode.name in _RECALL and argument not in kept:
                return False
            takes = list(opcode.stack_before)
            if opcode.name == "POP" and stack[-1:] == [mark]:
                takes = [mark]
            if mark in takes:
                while stack and stack[-1] is not mark:
                    stack.pop()
                if not stack:
                    return False
                stack.pop()
                takes = takes[: takes.index(mark)]
            if len(stack) < len(takes) or mark in stack[len(stack) - len(takes) :]:
                return False
            del stack[len(stack) - len(takes) :]
            stack += opcode.stack_after
    except (ValueError, IndexError, OverflowError):  # UnicodeDecodeError is a ValueError
        if not (len(head) >= HEAD and stream.tell() >= len(head)):
            return False
    return certain or count >= fewest


def _old_tar(head: bytes) -> bool:
    block = head[:512]
    if len(block) < 512 or not block[0]:
        return False
    try:
        told = int(block[_TAR_SUM].strip(b" \x00"), 8)
    except ValueError:
        return False
    return told == sum(block) - sum(block[_TAR_SUM]) + 8 * 0x20
