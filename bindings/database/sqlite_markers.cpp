#include "bindings/database/sqlite_markers.h"

#include "bindings/database/sqlite_tables.h"
#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"

namespace perilune {

Result<std::optional<Value>> read_marker(SqliteConnection& connection, const std::string& key) {
    std::optional<Value> none;
    if (key.empty()) return none;
    const auto there =
        connection.first("select count(*) from sqlite_schema where name = ?", List{markers_table});
    if (!there) return there.error();
    if (there->number() == 0) return none;
    const auto text = connection.first(
        std::string("select result from ") + markers_table + " where key = ?", List{key});
    if (!text) return text.error();
    if (text->is_nil()) return none;
    const auto result = from_canonical_json(text->text());
    if (!result) return result.error();
    return std::optional<Value>(*result);
}

Status write_marker(SqliteConnection& connection, const std::string& key, const Value& result) {
    if (key.empty()) return Done{};
    const auto made =
        connection.execute(std::string("create table if not exists ") + markers_table +
                           "(key text primary key, at real, result text)");
    if (!made) return made;
    return connection.each(
        std::string("insert or replace into ") + markers_table + " values (?, ?, ?)",
        List{key, wall_now_s(), to_canonical_json(result)},
        [](const SqliteRow&) { return Status(Done{}); });
}

}  // namespace perilune
