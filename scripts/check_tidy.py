#!/usr/bin/python3
"""check_tidy.py <build directory>: clang-tidy on every source file of the compile database, but those
that the build itself makes. Files of one folder are checked as one text, because most of the time goes
into the headers they share; a batch that does not compile as one text is halved. A file that was clean
is not looked at again until it, a project header it includes, .clang-tidy, clang-tidy or its compile
command changes: the folder ${XDG_CACHE_HOME:-~/.cache}/catena-lint remembers, across clones."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLEAN = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "catena-lint"
CLEAN_DAYS = 30
BATCH = 10
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)
# What a build directory or a clone is called says nothing about the findings.
FLAG = re.compile(r"-(D|I|std|f|isystem)")


def with_headers(path, seen):
    """The bytes of `path` and of every project file it includes, each once."""
    if path in seen or not path.is_file():
        return b""
    seen.add(path)
    text = path.read_bytes()
    return text + b"".join(with_headers(ROOT / os.fsdecode(name), seen)
                           for name in INCLUDE.findall(text))


def settings_of(source):
    """What of .clang-tidy counts for `source`: its folder's and those above."""
    return b"".join((folder / ".clang-tidy").read_bytes() for folder in source.parents
                    if ROOT in (folder, *folder.parents) and (folder / ".clang-tidy").is_file())


def flags_of(command):
    words = shlex.split(command)
    flags = []
    for word, after in zip(words, words[1:] + [""]):
        if word == "-isystem":
            flags += [word, after]
        elif FLAG.match(word) and not word.startswith("-fsanitize") and word != "-fno-fat-lto-objects":
            flags.append(word)
    return [flag for flag in flags if "lto" not in flag and "prefix-map" not in flag]


def key_of(source, flags, version):
    digest = hashlib.sha256()
    neutral = " ".join(flags).replace(str(ROOT), "")
    for part in (version, settings_of(source), neutral.encode(), str(source.relative_to(ROOT)).encode(),
                 with_headers(source, set())):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def joined(sources, folder):
    """One text of all `sources` in the folder of the first, and where each begins: (line, source)."""
    starts, lines = [], 1
    descriptor, name = tempfile.mkstemp(suffix=".cc", prefix="lint-", dir=folder)
    with os.fdopen(descriptor, "w") as text:
        for source in sources:
            content = source.read_text()
            content += "" if content.endswith("\n") else "\n"
            starts.append((lines, source))
            lines += content.count("\n")
            text.write(content)
    return name, starts


def named_as_written(findings, name, starts):
    """Line numbers of the joined text become those of the files it was made of."""
    def origin(match):
        line = int(match.group(1))
        start, source = max((s for s in starts if s[0] <= line), key=lambda s: s[0])
        return f"{source}:{line - start + 1}:"
    return re.sub(re.escape(name) + r":(\d+):", origin, findings)


def compiles(name, flags):
    return subprocess.run(["clang++", "-fsyntax-only", "-w", *flags, name], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def check(sources, flags):
    """[(source, findings)] of a batch; "" where there are none."""
    if len(sources) == 1:
        return [(sources[0], tidy(str(sources[0]), flags))]
    name, starts = joined(sources, sources[0].parent)
    try:
        if compiles(name, flags):
            findings = named_as_written(tidy(name, flags), name, starts)
            if not findings:
                return [(source, "") for source in sources]
            named = [source for source in sources if f"{source}:" in findings] or sources
            return [(source, findings if source == named[0] else "see above" if source in named else "")
                    for source in sources]
    finally:
        os.unlink(name)
    half = len(sources) // 2
    return check(sources[:half], flags) + check(sources[half:], flags)


def tidy(path, flags):
    done = subprocess.run(["clang-tidy", "-quiet", path, "--", *flags], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return (done.stdout.strip() or done.stderr.strip()) if done.returncode != 0 else ""


def batches_of(due, flags):
    """Files of one folder, with one set of flags and settings, BATCH at a time."""
    groups = {}
    for source in sorted(due):
        groups.setdefault((source.parent, tuple(flags[source])), []).append(source)
    for (_, shared), sources in groups.items():
        count = -(-len(sources) // BATCH)
        for at in range(count):
            yield sources[at::count], list(shared)


def forget_the_old():
    for known in CLEAN.iterdir():
        if time.time() - known.stat().st_mtime > CLEAN_DAYS * 86400:
            known.unlink(missing_ok=True)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    keys, flags = {}, {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        if source.is_file() and source not in keys and build not in source.parents:
            flags[source] = flags_of(entry["command"])
            keys[source] = key_of(source, flags[source], version)
    CLEAN.mkdir(parents=True, exist_ok=True)
    due = [source for source, key in keys.items() if not (CLEAN / key).exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # Large batches first, so that the last ones to end are short.
        batches = sorted(batches_of(due, flags), key=lambda b: -sum(s.stat().st_size for s in b[0]))
        for future in concurrent.futures.as_completed([pool.submit(check, *batch) for batch in batches]):
            for source, findings in future.result():
                if findings:
                    failed += 1
                    print(findings, flush=True)
                else:
                    (CLEAN / keys[source]).touch()
    for source, key in keys.items():
        if (CLEAN / key).exists():
            (CLEAN / key).touch()
    forget_the_old()
    print(f"clang-tidy: {len(due)} of {len(keys)} files checked, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
