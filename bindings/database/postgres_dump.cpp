#include "bindings/database/postgres_dump.h"

#include "bindings/database/database_checks.h"
#include "bindings/database/postgres_folder.h"

namespace perilune {

namespace {

constexpr std::size_t line_max = 4096;  // Longer than any "COPY schema.table".

// The name in "COPY public."My table" (id) FROM stdin;" as public.My table; empty where it is none.
std::string copied_table(std::string_view line) {
    if (!line.starts_with("COPY ")) return {};
    line.remove_prefix(5);
    std::string name;
    bool quoted = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        if (c == '"') {
            const bool doubled = quoted && at + 1 < line.size() && line[at + 1] == '"';
            if (doubled) name += line[++at];
            if (!doubled) quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            return name;
        } else {
            name += c;
        }
    }
    return {};
}

std::vector<std::string> load_command(const std::string& program, const std::string& format,
                                      Owners owners) {
    if (format == "plain")
        return {program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", fed_file};
    std::vector<std::string> command = loading_arguments(format, owners);
    command.insert(command.begin(), program);
    command.emplace_back(fed_file);
    return command;
}

// "items" is enough where no other schema has one.
Result<double> rows_in(const std::map<std::string, double>& rows, const std::string& table) {
    const auto exact = rows.find(table);
    if (exact != rows.end()) return exact->second;
    for (const auto& [name, count] : rows)
        if (name.ends_with("." + table)) return count;
    return fail("not_found", "The dump has no table \"" + table + "\".");
}

void check_dump_rows(const std::map<std::string, double>& rows, const Value& exact,
                     const Value& limits, List& checks) {
    for (const auto& [table, count] : exact.map())
        checks.push_back(check_exact_rows(table, count, rows_in(rows, table)));
    for (const auto& [table, limit] : limits.map())
        checks.push_back(check_rows(table, limit, rows_in(rows, table)));
}

}  // namespace

Status append_program_check(const std::string& name, const Status& ended, List& checks) {
    if (!ended && ended.error().code != "program_failed") return ended;
    checks.push_back(make_check(name, ended.ok(), "ok", ended ? "ok" : ended.error().message));
    return Done{};
}

bool all_passed(const List& checks) {
    for (const auto& check : checks)
        if (!check["passed"].boolean()) return false;
    return true;
}

std::vector<std::string> loading_arguments(const std::string& format, Owners owners) {
    std::vector<std::string> arguments = {"--format=" + format, "--exit-on-error", "--no-password"};
    if (owners == Owners::mine) arguments.insert(arguments.end(), {"--no-owner", "--no-acl"});
    arguments.insert(arguments.end(), {"--dbname", ""});
    return arguments;
}

void DumpRows::add(std::string_view sql) {
    while (!sql.empty()) {
        const auto end = sql.find('\n');
        const std::string_view piece = sql.substr(0, end);
        if (line_.size() < line_max) line_ += piece.substr(0, line_max - line_.size());
        if (end == std::string_view::npos) return;
        end_line();
        line_.clear();
        sql.remove_prefix(end + 1);
    }
}

void DumpRows::end_line() {
    if (!table_.empty()) {
        if (line_ == "\\.") {
            table_.clear();
        } else {
            ++rows_[table_];
        }
        return;
    }
    if (line_.starts_with("-- Data for Name: ")) in_data_ = true;
    if (line_.empty() || line_.starts_with("--")) return;
    // The text of a function may hold such a line, too, but not behind that comment.
    if (in_data_) table_ = copied_table(line_);
    if (!table_.empty()) rows_.try_emplace(table_, 0);
    in_data_ = false;
}

Status write_dump(const DumpSource& source, const std::string& format, const std::string& snapshot,
                  DumpWriter& writer, const StreamWatch& watch) {
    const auto program = find_postgres_program(source.tools.programs, "pg_dump");
    if (!program) return program.error();
    auto started = PipedProgram::start(
        {*program, "--format=" + format, "--compress=0", "--no-password", "--snapshot=" + snapshot},
        login_of(source.address, source.endpoint),
        [&](std::string_view bytes) { return writer.write(bytes); }, watch);
    if (!started) return started.error();
    if (const auto ended = (*started)->finish(); !ended) return ended;
    return writer.finish();
}

Status load_dump(const DumpSource& source, const Shelf& shelf, const BackupEntry& entry,
                 Owners owners, const StreamWatch& watch, List& checks) {
    if (entry.manifest.is_folder()) return load_folder(source, shelf, entry, owners, watch, checks);
    const std::string& format = entry.manifest.dump_format;
    const auto program =
        find_postgres_program(source.tools.programs, format == "plain" ? "psql" : "pg_restore");
    if (!program) return program.error();
    auto started = PipedProgram::start(
        load_command(*program, format, owners), login_of(source.address, source.endpoint),
        [](std::string_view) { return Status(Done{}); }, watch);
    if (!started) return started.error();
    const auto take = [&](std::string_view bytes) { return (*started)->feed(bytes); };
    if (const auto read = read_dump(shelf, entry, take, watch, checks); !read) return read;
    // Of a damaged dump nothing more is said than that.
    if (!all_passed(checks)) return Done{};
    return append_program_check("loading", (*started)->finish(), checks);
}

Status check_dump(const DumpTools& tools, const Shelf& shelf, const BackupEntry& entry,
                  const Value& limits, const StreamWatch& watch, List& checks) {
    DumpRows rows;
    if (entry.manifest.is_folder()) {
        const auto checked = check_folder(tools, shelf, entry, rows, watch, checks);
        if (checked && all_passed(checks))
            check_dump_rows(rows.rows(), entry.manifest.counts, limits, checks);
        return checked;
    }
    const bool plain = entry.manifest.dump_format == "plain";
    std::unique_ptr<PipedProgram> reader;
    if (!plain) {
        const auto program = find_postgres_program(tools.programs, "pg_restore");
        if (!program) return program.error();
        auto started = PipedProgram::start(
            {*program, "--format=custom", "--file=-", fed_file}, {"LC_ALL=C", "PATH=/usr/bin:/bin"},
            [&](std::string_view sql) {
                rows.add(sql);
                return Status(Done{});
            },
            watch);
        if (!started) return started.error();
        reader = std::move(*started);
    }
    const auto take = [&](std::string_view bytes) -> Status {
        if (reader) return reader->feed(bytes);
        rows.add(bytes);
        return Done{};
    };
    if (const auto read = read_dump(shelf, entry, take, watch, checks); !read) return read;
    if (!all_passed(checks)) return Done{};
    const Status ended = reader ? reader->finish() : Status(Done{});
    if (const auto told = append_program_check("structure", ended, checks); !told) return told;
    check_dump_rows(rows.rows(), entry.manifest.counts, limits, checks);
    return Done{};
}

}  // namespace perilune
