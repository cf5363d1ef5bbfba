"""regress.py SUITE OUT PSQL OPTION…: see `regress` beside this file, which calls it.

psql runs the suite's files as they are, so that variables, `\\gset`, COPY and reconnecting work; before each statement that has
a plan stand the same statement's EXPLAINs, with a line between them that tells which one answers.
"""

import json
import os
import re
import subprocess
import sys

MARK = "@@whyslow "
# What psql itself does, and what needs more than a server.
LEFT_OUT = {"psql", "psql_crosstab", "psql_pipeline", "tablespace", "largeobject", "copydml", "vacuum_parallel", "stats"}
FORMATS = {
    "off": "costs off",
    "text": "verbose",
    "json": "verbose, format json",
    "yaml": "verbose, format yaml",
    "xml": "verbose, format xml",
}
# Run: once with what two runs have in common, in two formats, and once with everything.
ANALYZED = {
    "an_text": "analyze, verbose, timing off, summary off, buffers off",
    "an_json": "analyze, verbose, timing off, summary off, buffers off, format json",
    "full_text": "analyze, verbose, buffers, settings",
    "full_json": "analyze, verbose, buffers, wal, settings, format json",
}
# Statements that write are run with what each run tells alone: what was rolled back leaves traces in costs.
TIMED = ("full_text", "full_json")
READS = ("select", "with", "values", "table", "(")
WRITES = ("insert", "update", "delete", "merge")


def pieces(text):
    """Splits a file of psql's: ("meta", line), ("data", lines after a COPY), ("sql", statement)."""
    at, start, depth = 0, 0, 0
    atomic = False
    while at < len(text):
        c = text[at]
        pending = text[start:at].strip()
        if c == "\\" and not pending:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end + 1
            yield "meta", text[at:end]
            at = start = end
        elif c == "\\":
            # \g, \gset, \gexec and the like end a statement where they stand.
            end = text.find("\n", at)
            end = len(text) if end < 0 else end + 1
            yield "raw", text[start:end]
            at = start = end
            depth = 0
        elif text.startswith("--", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            level, at = 1, at + 2
            while level and at < len(text):
                if text.startswith("/*", at):
                    level, at = level + 1, at + 2
                elif text.startswith("*/", at):
                    level, at = level - 1, at + 2
                else:
                    at += 1
        elif c in "'\"":
            escapes = c == "'" and at and text[at - 1] in "eE" and not text[at - 2 : at - 1].isalnum()
            at += 1
            while at < len(text):
                if escapes and text[at] == "\\":
                    at += 2
                elif text[at] == c:
                    at += 1
                    if text[at : at + 1] != c:
                        break
                    at += 1
                else:
                    at += 1
        elif c == "$" and (tag := re.match(r"\$(?:[A-Za-z_\x80-\uffff]\w*)?\$", text[at:])):
            if at and (text[at - 1].isalnum() or text[at - 1] == "_"):
                at += 1
                continue
            end = text.find(tag[0], at + len(tag[0]))
            at = len(text) if end < 0 else end + len(tag[0])
        elif c in "([":
            depth, at = depth + 1, at + 1
        elif c in ")]":
            depth, at = depth - 1, at + 1
        elif c == ";" and depth <= 0:
            at += 1
            statement = text[start:at]
            if re.search(r"\bbegin\s+atomic\b", statement, re.I) and not re.search(r"\bend\s*;$", statement, re.I):
                continue
            yield "sql", statement
            start, depth = at, 0
            if re.search(r"\bfrom\s+stdin\b", statement, re.I) and re.match(r"(\s|--.*\n)*copy\b", statement, re.I):
                end = text.find("\n\\.\n", at)
                end = len(text) if end < 0 else end + 4
                yield "data", text[at:end]
                at = start = end
        else:
            at += 1
    if text[start:].strip():
        yield "raw", text[start:]


def bare(statement):
    """Without comments and blanks in front, without an EXPLAIN of its own, without the semicolon."""
    text = re.sub(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)+", "", statement, flags=re.S)
    explain = re.match(r"explain\b\s*(\((?:[^()]|\([^()]*\))*\)|(?:(?:analyze|verbose)\b\s*)*)\s*", text, re.I)
    if explain and not re.match(r"\(\s*(select|with|values)\b", explain[1], re.I):
        text = text[explain.end() :]
    return text.rstrip().removesuffix(";").rstrip()


def instrumented(text, statements):
    """The file with EXPLAINs before each statement that has a plan."""
    out, inside = [], False
    for kind, piece in pieces(text):
        if kind == "sql":
            sql = bare(piece)
            word = sql[:1] if sql[:1] == "(" else (re.match(r"\w+", sql) or [""])[0].lower()
            planned = word in READS + WRITES or (word == "create" and re.match(r"create\s+(table|materialized view)\b.*\bas\b", sql, re.I | re.S))
            if planned and len(sql) < 20_000:
                number = len(statements)
                statements.append(sql)
                # The suite changes what psql shows, and to what it echoes.
                out.append("\n\\set ECHO none\n\\pset format unaligned\n\\pset tuples_only on\n\\pset expanded off\n\\pset null ''\n")

                def ask(key, options):
                    out.append(f"\n\\echo {MARK}{number} {key}\nexplain ({options}) {sql}\n;\n")

                for key, options in FORMATS.items():
                    ask(key, options)
                if word in READS + WRITES and not re.search(r"\bpg_sleep|pg_terminate|pg_cancel|lo_import|lo_export", sql):
                    for key, options in ANALYZED.items():
                        if word in WRITES and key not in TIMED:
                            continue
                        out.append("\nsavepoint whyslow;" if inside else "\nbegin;")
                        # Who of several workers gives which row changes from run to run.
                        if key not in TIMED:
                            out.append("\nset local max_parallel_workers = 0;")
                        ask(key, options)
                        out.append("\nrollback to savepoint whyslow;" if inside else "\nrollback;")
                out.append(f"\n\\echo {MARK}{number} run\n")
            elif re.match(r"(begin|start\s+transaction)\b", sql, re.I):
                inside = True
            elif re.match(r"(commit|end|abort|rollback|prepare\s+transaction)\b", sql, re.I) and not re.match(r"rollback\s+to|rollback\s+prepared|commit\s+prepared", sql, re.I):
                inside = False
        out.append(piece)
    return "".join(out)


def main():
    suite, out, *psql = sys.argv[1:]
    schedule = open(os.path.join(suite, "parallel_schedule")).read()
    names = [name for line in re.findall(r"^test:(.*)$", schedule, re.M) for name in line.split()]
    environment = dict(os.environ, PG_ABS_SRCDIR=suite, PG_ABS_BUILDDIR=suite, PG_LIBDIR="/nonexistent", PG_DLSUFFIX=".so", PGTZ="PST8PDT")
    variables = [f"-v{name}" for name in ("ON_ERROR_STOP=0", "ON_ERROR_ROLLBACK=on", "VERBOSITY=terse", "HIDE_TABLEAM=on", "HIDE_TOAST_COMPRESSION=on")]
    written = 0
    with open(out, "w") as to:
        for name in names:
            path = os.path.join(suite, "sql", f"{name}.sql")
            if name in LEFT_OUT or not os.path.exists(path):
                continue
            statements = []
            script = instrumented(open(path, encoding="utf-8", errors="replace").read(), statements)
            try:
                done = subprocess.run(psql + variables, input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, timeout=600)
                answer = done.stdout
            except subprocess.TimeoutExpired as late:
                answer = late.stdout or b""
            cases = [{"sql": f"{name}: {sql}"} for sql in statements]
            for part in answer.decode("utf-8", errors="replace").split(MARK)[1:]:
                head, _, body = part.partition("\n")
                words = head.split()
                if len(words) == 2 and words[0].isdigit() and words[1] != "run" and body.strip():
                    cases[int(words[0])][words[1]] = body
            for case in cases:
                if "off" in case and "json" in case:
                    to.write(json.dumps(case) + "\n")
                    written += 1
            print(f"{name}: {sum('json' in case for case in cases)} of {len(statements)}", file=sys.stderr)
    print(f"{written} statements explained", file=sys.stderr)


main()
