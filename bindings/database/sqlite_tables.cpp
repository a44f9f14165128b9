#include "bindings/database/sqlite_tables.h"

#include <algorithm>
#include <bit>

#include "bindings/database/sqlite_pages.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

// A read transaction, so that several statements see one state.
class Snapshot {
public:
    explicit Snapshot(SqliteConnection& connection) : connection_(connection) {
        if (!connection.in_transaction()) begun_ = connection.execute("begin").ok();
    }
    ~Snapshot() {
        if (begun_) connection_.execute("rollback");
    }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

private:
    SqliteConnection& connection_;
    bool begun_ = false;
};

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}

void append_sized(std::string& out, std::string_view bytes) {
    append_number(out, bytes.size(), 4);
    out += bytes;
}

void append_value(std::string& out, const SqliteRow& row, int column) {
    switch (row.kind(column)) {
        case SqliteRow::Kind::null: out += 'N'; break;
        case SqliteRow::Kind::integer:
            out += 'I';
            append_number(out, static_cast<std::uint64_t>(row.integer(column)), 8);
            break;
        case SqliteRow::Kind::real: {
            const double number = row.real(column) == 0 ? 0.0 : row.real(column);
            out += 'R';
            append_number(out, std::bit_cast<std::uint64_t>(number), 8);
            break;
        }
        case SqliteRow::Kind::text:
            out += 'T';
            append_sized(out, row.bytes(column));
            break;
        case SqliteRow::Kind::blob:
            out += 'B';
            append_sized(out, row.bytes(column));
            break;
    }
}

Result<std::vector<std::string>> texts(SqliteConnection& connection, const std::string& sql) {
    std::vector<std::string> found;
    const auto read = connection.each(sql, {}, [&](const SqliteRow& row) {
        found.emplace_back(row.bytes(0));
        return Status(Done{});
    });
    if (!read) return read.error();
    return found;
}

Status require_table(SqliteConnection& connection, const std::string& table) {
    const auto all =
        texts(connection, "select name from pragma_table_list where schema = 'main' order by 1");
    if (!all) return all.error();
    if (std::find(all->begin(), all->end(), table) != all->end()) return Done{};
    return fail("not_found", connection.options().target + " has no table \"" + table + "\"." +
                                 did_you_mean(table, *all));
}

Result<std::string> digest_table(SqliteConnection& connection, const std::string& table) {
    const auto columns =
        texts(connection, "select name from pragma_table_xinfo(" + quote_text(table) +
                              ") where hidden <> 1 order by name collate binary");
    if (!columns) return columns.error();
    std::string selected;
    std::string ordered;
    for (const auto& column : *columns) {
        const std::string name = quote_name(column);
        const std::string comma = selected.empty() ? "" : ", ";
        selected += comma + name;
        ordered += comma + "case typeof(" + name +
                   ") when 'null' then 0 when 'integer' then 1 when 'real' then 2 when 'text' "
                   "then 3 else 4 end, " +
                   name + " collate binary";
    }
    Digest digest;
    std::string row_bytes;
    const auto read = connection.each(
        "select " + selected + " from " + quote_name(table) + " order by " + ordered, {},
        [&](const SqliteRow& row) {
            row_bytes.clear();
            for (int column = 0; column < row.columns(); ++column) {
                append_sized(row_bytes, (*columns)[static_cast<std::size_t>(column)]);
                append_value(row_bytes, row, column);
            }
            std::string size;
            append_number(size, row_bytes.size(), 4);
            digest.add(size);
            digest.add(row_bytes);
            return Status(Done{});
        });
    if (!read) return read.error();
    return to_hex(digest.finish());
}

}  // namespace

Result<std::vector<std::string>> tables_of(SqliteConnection& connection) {
    return texts(connection,
                 "select name from pragma_table_list where schema = 'main' and type in "
                 "('table', 'shadow') and name <> " +
                     quote_text(markers_table) +
                     " and name not in ('sqlite_schema', 'sqlite_master') and name not like "
                     "'sqlite\\_stat%' escape '\\' order by name");
}

Result<Value> count_rows(SqliteConnection& connection, const std::vector<std::string>& tables) {
    const Snapshot snapshot(connection);
    Value counts(Map{});
    for (const auto& table : tables) {
        if (const auto there = require_table(connection, table); !there) return there.error();
        const auto count = connection.first("select count(*) from " + quote_name(table));
        if (!count) return count.error();
        counts.set(table, *count);
    }
    return counts;
}

Result<Value> digest_rows(SqliteConnection& connection, const std::vector<std::string>& tables) {
    const Snapshot snapshot(connection);
    Value digests(Map{});
    for (const auto& table : tables) {
        if (const auto there = require_table(connection, table); !there) return there.error();
        const auto digest = digest_table(connection, table);
        if (!digest) return digest.error();
        digests.set(table, *digest);
    }
    return digests;
}

Result<std::string> digest_content(SqliteConnection& connection) {
    const Snapshot snapshot(connection);
    std::string bytes;
    const auto schema = connection.each(
        "select type, name, coalesce(sql, '') from sqlite_schema where tbl_name <> " +
            quote_text(markers_table) +
            " and name not like 'sqlite\\_stat%' escape '\\' order by type, name",
        {}, [&](const SqliteRow& row) {
            for (int column = 0; column < 3; ++column) append_sized(bytes, row.bytes(column));
            return Status(Done{});
        });
    if (!schema) return schema.error();
    const auto version = connection.first("pragma user_version");
    if (!version) return version.error();
    append_number(bytes, static_cast<std::uint64_t>(version->integer()), 8);
    const auto tables = tables_of(connection);
    if (!tables) return tables.error();
    for (const auto& table : *tables) {
        const auto digest = digest_table(connection, table);
        if (!digest) return digest.error();
        append_sized(bytes, table);
        append_sized(bytes, *digest);
    }
    return to_hex(sha256(bytes));
}

Result<Value> describe_database(SqliteConnection& connection) {
    // Reading the schema proves more than opening: the header, and pages behind it, are read.
    const auto tables = connection.first("select count(*) from sqlite_schema");
    if (!tables) return tables.error();
    const auto pages = connection.first("pragma page_count");
    if (!pages) return pages.error();
    const auto page_size = connection.first("pragma page_size");
    if (!page_size) return page_size.error();
    connection.set_busy_timeout(0);
    const auto begun = connection.execute("begin immediate");
    if (begun) connection.execute("rollback");
    Value database;
    database.set("reachable", true).set("role", "primary");
    // Somebody who writes right now shows as well that one can write.
    const bool may_begin = begun.ok() || begun.error().code == "database_busy";
    database.set("writable", may_begin && !connection.is_read_only());
    database.set("version", "SQLite " + sqlite_version());
    return database.set("size_bytes", pages->number() * page_size->number());
}

}  // namespace perilune
