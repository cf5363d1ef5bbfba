"""regress_mysql.py SUITE OUT FAMILY CLIENT OPTION…: see `regress-mysql` beside this file, which calls it.

The suite's files are scripts of its own runner; what of them is SQL goes to the client, with the EXPLAINs of each statement before
it and a line between them that tells which one answers. Conditions and loops of the runner are passed over, their bodies run once.
"""

import json
import os
import re
import subprocess
import sys

MARK = "@@whyslow "
# What ends the server or the account, waits for it, or asks another.
LEFT_OUT = re.compile(
    r"shutdown|restart|crash|kill|grant|password|passwd|auth|ssl|tls|rpl|binlog|repl|mysqldump|mysql_|mysqladmin|upgrade|bootstrap|log_|_log"
    r"|big|debug|timeout|deadlock|lock|handler|func_rollback|wait|sleep|thread|stress|perf|events|xa|mdl|dump|client|plugin|storage_engine|server_uuid"
    # Thousands of statements of one kind.
    r"|^ctype_|^charset|^collat"
)
FORMATS = {
    "mysql": {
        "traditional": ("", "explain format=traditional {}"),
        "vertical": ("", "explain format=traditional {}\\G"),
        "v1": ("set explain_json_format_version = 1", "explain format=json {}"),
        "v2": ("set explain_json_format_version = 2", "explain format=json {}"),
        "tree": ("", "explain format=tree {}"),
        "analyze-tree": ("", "explain analyze format=tree {}"),
        "analyze-v2": ("set explain_json_format_version = 2", "explain analyze format=json {}"),
    },
    "mariadb": {
        "traditional": ("", "explain {}"),
        "vertical": ("", "explain {}\\G"),
        "extended": ("", "explain extended {}"),
        "json": ("", "explain format=json {}"),
        "analyze-traditional": ("", "analyze {}"),
        "analyze-json": ("", "analyze format=json {}"),
    },
}
READS = ("select", "with", "values", "table", "(")
WRITES = ("insert", "replace", "update", "delete")
COMMANDS = (
    "append_file assert cat_file change_user character_set chmod close_tables connect connection copy_file copy_files_wildcard dec die diff_files dirty_close "
    "disable_abort_on_error disable_async_client disable_connect_log disable_info disable_metadata disable_parsing disable_ps2_protocol disable_cursor_protocol "
    "disable_view_protocol disable_ps_protocol disable_query_log disable_reconnect disable_result_log disable_rpl_parse disable_session_track_info "
    "disable_testcase disable_warnings disable_service_connection disconnect echo enable_abort_on_error enable_async_client enable_connect_log enable_info "
    "enable_metadata enable_parsing enable_ps2_protocol enable_cursor_protocol enable_view_protocol enable_ps_protocol enable_query_log enable_reconnect "
    "enable_result_log enable_rpl_parse enable_session_track_info enable_testcase enable_warnings enable_service_connection error exec exec_in_background "
    "execw exit expr file_exists force-cpdir force-rmdir horizontal_results inc let list_files list_files_append_file list_files_write_file lowercase_result "
    "mkdir move_file output perl ping pad query_attributes query_get_value query_horizontal query_vertical reap real_sleep remove_file remove_files_wildcard "
    "replace_column replace_numeric_round replace_regex replace_result require reset_connection result_format rmdir rmdir_recursive save_master_pos send "
    "send_eval send_quit send_shutdown shutdown_server skip skip_if_hypergraph sleep sorted_result partially_sorted_result source start_timer end_timer "
    "sync_slave_with_master sync_with_master system vertical_results wait_for_slave_to_stop write_file write_line optimizer_trace"
).split()


def parts(path, root, names, depth=0):
    """The statements of a file and of those it includes, with the runner's variables put in."""
    try:
        text = open(path, encoding="utf-8", errors="replace").read()
    except OSError:
        return
    delimiter, pending, until = ";", "", None
    for line in text.split("\n"):
        bare = line.strip()
        if until:
            until = None if bare == until else until
            continue
        if not pending:
            if not bare or bare.startswith("#") or bare in ("{", "}") or re.match(r"(if|while)\s*\(", bare):
                continue
            if bare.startswith("--"):
                words = bare[2:].strip().rstrip(";").split(None, 1)
                if words and words[0].lower() in ("perl", "write_file", "append_file"):
                    until = "EOF"
                if words and words[0].lower() == "delimiter" and len(words) > 1:
                    delimiter = words[1].strip()
                if len(words) == 2 and words[0].lower() == "source":
                    yield from included(words[1], root, names, depth)
                if len(words) == 2 and words[0].lower() in ("let", "eval"):
                    pending = f"{words[0]} {words[1]}{delimiter}"
                    line = ""
                else:
                    continue
        pending = (pending + "\n" + line) if pending else line
        while True:
            end = ending(pending, delimiter)
            if end is None:
                break
            statement, pending = pending[:end].strip(), pending[end + len(delimiter) :].lstrip()
            while pending.startswith(("#", "-- ")):
                pending = pending.partition("\n")[2].lstrip()
            if pending.strip() in ("}", "{"):
                pending = ""
            word = (re.match(r"[\w-]+", statement) or [""])[0].lower()
            rest = statement[len(word) :].strip()
            if word == "delimiter":
                delimiter = rest or ";"
                if pending.startswith(delimiter):
                    pending = pending[len(delimiter) :].lstrip()
            elif word == "let":
                name, _, value = rest.partition("=")
                names[name.strip().lstrip("$")] = put_in(value.strip(), names)
            elif word == "source":
                yield from included(rest, root, names, depth)
            elif word in ("eval", "send_eval", "send", "evalp"):
                yield put_in(rest, names)
            elif word in ("query_vertical", "query_horizontal", "query", "vertical", "horizontal"):
                yield put_in(rest, names)
            elif word in ("perl", "write_file", "append_file"):
                until, pending = "EOF", ""
            elif word in COMMANDS or not statement or statement.startswith(("{", "}")):
                pass
            else:
                yield statement


def included(name, root, names, depth):
    name = put_in(name.strip(), names)
    if depth < 4 and not re.search(r"have_|not_|wait|count_sessions|restart|master|kill|big_test|protocol|start_mysqld|shutdown", name):
        for folder in (root, os.path.join(root, "t"), os.path.join(root, "main")):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield from parts(path, root, names, depth + 1)
                return


def put_in(text, names):
    return re.sub(r"\$(\w+)", lambda found: names.get(found[1], found[0]), text)


def ending(text, delimiter):
    """Where a statement ends: at the delimiter outside of quotes and comments."""
    at = 0
    while at < len(text):
        c = text[at]
        if text.startswith(delimiter, at):
            return at
        if c in "'\"`":
            at += 1
            while at < len(text):
                if text[at] == "\\" and c != "`":
                    at += 2
                    continue
                if text[at] == c:
                    at += 1
                    break
                at += 1
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            at = len(text) if end < 0 else end + 2
        elif c == "#" or text.startswith("-- ", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            at += 1
    return None


def bare(statement):
    """Without comments in front, without an EXPLAIN or ANALYZE of its own, without its end."""
    text = re.sub(r"\A(?:\s+|--\s[^\n]*\n|#[^\n]*\n|/\*[^!+].*?\*/)+", "", statement, flags=re.S)
    # This collects statistics.
    if re.match(r"analyze\s+(?:(?:no_write_to_binlog|local)\s+)?table\b", text, re.I):
        return text
    explain = re.match(
        r"(?:explain|describe|desc|analyze)\s+(?:(?:extended|partitions|analyze)\s+)*(?:format\s*=\s*[`\"']?\w+[`\"']?\s+)?(?=(?:select|with|values|table|insert|replace|update|delete|\()\b|\()",
        text,
        re.I,
    )
    return text[explain.end() :].strip().removesuffix("\\G").removesuffix("\\g").rstrip() if explain else text.strip().removesuffix("\\G").rstrip()


def script(statements, family, cases):
    out = []
    for statement in statements:
        sql = bare(statement)
        word = "(" if sql[:1] == "(" else (re.match(r"\w+", sql) or [""])[0].lower()
        quick = not re.search(r"\b(sleep|get_lock|benchmark|load_file|outfile|dumpfile|release_lock|master_pos_wait|wait_for|next_service)\b", sql, re.I)
        # MariaDB knows no TABLE statement.
        planned = word in READS + WRITES and not (family == "mariadb" and word == "table")
        if planned and len(sql) < 20_000 and quick and ";" not in sql and not re.search(r"\binto\s+@|\bprocedure\s+analyse|^table\s+\w+\s*$", sql, re.I):
            number = len(cases)
            cases.append(sql)
            for key, (before, explain) in FORMATS[family].items():
                if key.startswith("analyze") and word not in READS:
                    continue
                explain = explain.replace("{}", sql)
                end = "\n" if explain.endswith("\\G") else ";\n"
                out.append(f"{before + ';' if before else ''}\nselect '{MARK}{number} {key}' as `@@`;\n{explain}{end}")
            out.append(f"select '{MARK}{number} run' as `@@`;\n")
        if not re.match(r"\s*(shutdown|restart|kill|flush\s+(tables|logs|privileges)|lock|unlock|set\s+(persist|global|@@global|password)|alter\s+user|drop\s+user|create\s+user|grant|revoke|install|uninstall|reset|purge|change|start\s+(slave|replica|group)|stop)\b", statement, re.I):
            out.append(f"delimiter @@@\n{statement}\n@@@\ndelimiter ;\n" if ";" in statement else f"{statement};\n")
    return "".join(out)


def answers(text, cases):
    found = [{"sql": sql} for sql in cases]
    for part in text.split("@@\n" + MARK)[1:]:
        head, _, body = part.partition("\n")
        words = head.split()
        if len(words) == 2 and words[0].isdigit() and words[1] != "run" and body.strip():
            found[int(words[0])][words[1]] = body.removesuffix("@@\n").rstrip("\n") + "\n"
    return found


def main():
    suite, out, family, *client = sys.argv[1:]
    folder = os.path.join(suite, "main") if os.path.isdir(os.path.join(suite, "main")) else os.path.join(suite, "t")
    results = os.path.join(suite, "r") if os.path.isdir(os.path.join(suite, "r")) else folder
    only = os.environ.get("WHYSLOW_ONLY")
    limit = "max_execution_time = 2000" if family == "mysql" else "max_statement_time = 2"
    written = 0
    with open(out, "w") as to:
        for file in sorted(os.listdir(folder)):
            name, ending_ = os.path.splitext(file)
            if ending_ != ".test" or LEFT_OUT.search(name) or (only and not re.search(only, name)):
                continue
            result = os.path.join(results, name + ".result")
            # Those that explain are about the optimiser.
            if not os.path.exists(result) or not re.search(r"^(explain|analyze)\b", open(result, errors="replace").read(), re.I | re.M):
                continue
            cases = []
            text = script(parts(os.path.join(folder, file), suite, {"ENGINE": "InnoDB", "engine": "InnoDB"}), family, cases)
            begin = f"drop database if exists test; create database test; use test; set {limit};\n"
            try:
                done = subprocess.run(client, input=(begin + text).encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=180)
                answer = done.stdout
            except subprocess.TimeoutExpired as late:
                answer = late.stdout or b""
            explained = 0
            for case in answers(answer.decode("utf-8", errors="replace"), cases):
                if len(case) > 1:
                    to.write(json.dumps({**case, "sql": f"{name}: {case['sql']}"}) + "\n")
                    explained += 1
            written += explained
            print(f"{name}: {explained} of {len(cases)}", file=sys.stderr, flush=True)
            if subprocess.run(client + ["-e", "select 1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
                sys.exit(f"the server does not answer after {name}")
    print(f"{written} statements explained", file=sys.stderr)


main()
