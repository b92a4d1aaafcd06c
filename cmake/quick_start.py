#!/usr/bin/env python3
"""cmake/quick_start.py LIBC_A OUTPUT: libc's start without what it asks of the CPU about its caches.

At each start of a process glibc asks for the sizes of the CPU's caches by some 60 cpuid
instructions. On a virtual machine each of them is an exit to the host: 0.02 to 0.4 ms in all, half of
a plugin's start. What they tell only tunes copies of more than some 100 KB.

OUTPUT is the object libc-start.o of LIBC_A in which two functions return at once: the one that reads
a size (256 KiB for each) and the one that looks for CPUs that share a cache. Linked before LIBC_A it
takes the place of the original. Exit status 3, and no OUTPUT, for a glibc that this does not know.
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

# Function, the bytes that it begins with, where among them the others go. Behind the name the
# compiler may have put ".constprop.0". `cmpl $1, max_cpuid; jbe too_old` and
# `push %r15; mov %rdi, %r8; mov cpu_features, %eax`.
CHANGES = (
    ("handle_intel", bytes.fromhex("833d00000000010f86"), 7,
     bytes.fromhex("b800000400c3")),  # mov $0x40000, %eax; ret
    ("get_common_cache_info", bytes.fromhex("41574989f88b05"), 0, b"\xc3"),  # ret
)
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")
SYMTAB, RELA = 2, 4
X86_64 = 62


class Unknown(Exception):
    pass


class Object:
    """A relocatable object of ELF64."""

    def __init__(self, data):
        self.data = bytearray(data)
        if len(self.data) < HEADER.size:
            raise Unknown("there is no libc-start.o")
        header = HEADER.unpack_from(self.data)
        if header[0][:5] != b"\x7fELF\x02" or header[2] != X86_64:
            raise Unknown("not an object for x86-64")
        self.sections = [SECTION.unpack_from(self.data, header[6] + i * header[11])
                         for i in range(header[12])]

    def entries(self, section, form):
        return form.iter_unpack(self.data[section[4]:section[4] + section[5]])

    def function(self, name):
        """Section and place in it of the one function of that name."""
        found = []
        for table in (s for s in self.sections if s[1] == SYMTAB):
            names = self.sections[table[6]][4]
            for symbol in self.entries(table, SYMBOL):
                start = names + symbol[0]
                own = self.data[start:self.data.index(0, start)].decode()
                if own.split(".")[0] == name and symbol[1] & 15 == 2:
                    found.append((symbol[3], symbol[4]))
        if len(found) != 1:
            raise Unknown(f"{len(found)} functions are named {name}")
        return found[0]

    def change(self, name, begins, place, into):
        section, start = self.function(name)
        at = self.sections[section][4] + start
        if self.data[at:at + len(begins)] != begins:
            raise Unknown(f"{name} begins otherwise")
        changed = range(start + place, start + place + len(into))
        for table in (s for s in self.sections if s[1] == RELA and s[7] == section):
            if any(r[0] in changed or r[0] + 3 in changed
                   for r in self.entries(table, RELOCATION)):
                raise Unknown(f"the linker fills in what is to be changed in {name}")
        self.data[at + place:at + place + len(into)] = into


def quick(data):
    start = Object(data)
    for change in CHANGES:
        start.change(*change)
    return bytes(start.data)


def main(archive, output):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ar", "x", os.path.abspath(archive), "libc-start.o"], cwd=folder,
                       stderr=subprocess.DEVNULL, check=False)
        original = pathlib.Path(folder, "libc-start.o")
        try:
            changed = quick(original.read_bytes() if original.exists() else b"")
        except Unknown as reason:
            print(f"{archive}: libc's start stays as it is: {reason}")
            return 3
    if not pathlib.Path(output).exists() or pathlib.Path(output).read_bytes() != changed:
        pathlib.Path(output).write_bytes(changed)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
