#include "bindings/database/postgres_databases.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr std::size_t name_bytes_max = 63;
constexpr std::size_t key_letters = 8;
constexpr double end_again_s = 0.05;
// When the maintenance database is the target's own; every server has it.
constexpr const char* other_database = "template1";

constexpr const char* kept_sql = R"(
select datname, shobj_description(oid, 'pg_database'),
       case when has_database_privilege(oid, 'connect') then pg_database_size(oid) else 0 end
from pg_database where shobj_description(oid, 'pg_database') like '{"perilune":%')";

// By JSON, for the columns that say how a locale is provided are others in every version.
constexpr const char* like_sql = R"(
select format(' encoding %L lc_collate %L lc_ctype %L%s owner %I', pg_encoding_to_char(encoding),
              datcollate, datctype,
              case j->>'datlocprovider'
                when 'i' then format(' locale_provider icu icu_locale %L',
                                     coalesce(j->>'datlocale', j->>'daticulocale'))
                when 'b' then format(' locale_provider builtin builtin_locale %L', j->>'datlocale')
                else '' end,
              pg_get_userbyid(datdba))
from pg_database d cross join lateral to_jsonb(d) j where datname = $1)";

// Each a statement that gives $2 what $1 has. Values of these settings are lists of quoted names
// already (pg_dump knows them, too).
constexpr const char* properties_sql = R"(
select format('alter database %I with connection limit %s', $2::text, datconnlimit)
from pg_database where datname = $1
union all
select format('%s %I set %s to %s',
              case when r.setrole = 0 then 'alter database'
                   else format('alter role %I in database', pg_get_userbyid(r.setrole)) end,
              $2::text, split_part(one, '=', 1),
              case when split_part(one, '=', 1) in ('search_path', 'session_preload_libraries',
                        'local_preload_libraries', 'temp_tablespaces')
                   then substr(one, strpos(one, '=') + 1)
                   else quote_literal(substr(one, strpos(one, '=') + 1)) end)
from pg_db_role_setting r join pg_database d on d.oid = r.setdatabase
cross join lateral unnest(r.setconfig) one where d.datname = $1
union all
select format('revoke all on database %I from public', $2::text)
from pg_database where datname = $1 and datacl is not null
union all
select format('grant %s on database %I to %s%s', a.privilege_type, $2::text,
              case when a.grantee = 0 then 'public'
                   else quote_ident(pg_get_userbyid(a.grantee)) end,
              case when a.is_grantable then ' with grant option' else '' end)
from pg_database d cross join lateral aclexplode(d.datacl) a where d.datname = $1)";

std::string call_letters(const std::string& call_key) {
    return to_hex(sha256(call_key)).substr(0, key_letters);
}

std::string name_for(const std::string& database, const std::string& purpose,
                     const std::string& call_key) {
    const std::string ending = "_" + purpose + "_" + call_letters(call_key);
    std::size_t kept = std::min(database.size(), name_bytes_max - ending.size());
    // Not within a character.
    while (kept < database.size() && (database[kept] & 0xc0) == 0x80) --kept;
    return database.substr(0, kept) + ending;
}

// The sessions of a database are told to end until the renaming is over.
struct Ending {
    bool over = false;
    bool stopped = false;
};

Awaitable<bool> end_sessions(PostgresTargetPointer target, Call& call, std::string database,
                             std::shared_ptr<Ending> ending) {
    const auto opened = co_await connect_beside(target, call);
    while (opened && !ending->over) {
        PostgresParameters parameters = {database};
        const auto pids = co_await (*opened)->query(
            "select pid from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
            parameters);
        if (!pids) break;
        for (const auto& row : pids->rows) {
            // One that may not be ended hinders the renaming, which says so.
            PostgresParameters pid = {row[0]};
            co_await (*opened)->query("select pg_terminate_backend($1::int)", pid);
        }
        co_await pause_until(target->services->loop, boot_now_s() + end_again_s, call.cancel);
    }
    co_return true;
}

}  // namespace

std::string filled_name(const std::string& database, const std::string& call_key) {
    return name_for(database, "restoring", call_key);
}

std::string kept_name(const std::string& database, const std::string& call_key) {
    return name_for(database, "previous", call_key);
}

BackupEntry KeptDatabase::to_entry() const {
    BackupEntry entry;
    entry.id = previous_id + name;
    entry.file = name;
    entry.state = "complete";
    entry.at_s = at_s;
    entry.keep_until_at_s = until_at_s;
    entry.size_bytes = size_bytes;
    return entry;
}

std::string KeptDatabase::to_comment() const {
    Value said;
    said.set("of", of).set("at", at_s).set("until", until_at_s);
    if (!comment.empty()) said.set("comment", comment);
    return to_canonical_json(Value().set("perilune", said));
}

Awaitable<Result<PostgresPointer>> connect_beside(PostgresTargetPointer target, Call& call) {
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    std::string database = target->maintenance_database;
    if (address->database() == database) database = other_database;
    co_return co_await connect(target, call, database);
}

Awaitable<Result<bool>> has_database(PostgresConnection& beside, std::string name) {
    PostgresParameters parameters = {name};
    const auto found =
        co_await beside.query("select count(*) from pg_database where datname = $1", parameters);
    if (!found) co_return found.error();
    co_return found->first() != "0";
}

Awaitable<Result<std::vector<KeptDatabase>>> list_kept(PostgresConnection& beside, std::string of) {
    const auto read = co_await beside.query(kept_sql);
    if (!read) co_return read.error();
    std::vector<KeptDatabase> kept;
    for (const auto& row : read->rows) {
        const auto said = from_canonical_json(*row[1]);
        if (!said) continue;
        const Value& about = (*said)["perilune"];
        if (about["of"].text() != of) continue;
        kept.push_back({.name = *row[0],
                        .of = of,
                        .at_s = about["at"].number(),
                        .until_at_s = about["until"].number(),
                        .comment = about["comment"].text(),
                        .size_bytes = std::stod(*row[2])});
    }
    co_return kept;
}

Awaitable<Status> make_database(PostgresConnection& beside, std::string name, std::string like) {
    const auto dropped = co_await drop_database(beside, name);
    if (!dropped) co_return dropped;
    PostgresParameters parameters = {like};
    const auto properties = co_await beside.query(like_sql, parameters);
    if (!properties) co_return properties.error();
    const auto made = co_await beside.query("create database " + quote_identifier(name) +
                                            " template template0" + properties->first());
    if (!made) co_return made.error();
    co_return Done{};
}

Awaitable<Status> copy_properties(PostgresConnection& beside, std::string from, std::string to) {
    PostgresParameters parameters = {from, to};
    const auto statements = co_await beside.query(properties_sql, parameters);
    if (!statements) co_return statements.error();
    for (const auto& row : statements->rows) {
        const auto done = co_await beside.query(*row[0]);
        if (!done) co_return done.error();
    }
    const auto comment = co_await read_comment(beside, from);
    if (!comment) co_return comment.error();
    co_return co_await set_comment(beside, to, *comment);
}

Awaitable<Status> drop_database(PostgresConnection& beside, std::string name) {
    const auto dropped = co_await beside.query("drop database if exists " + quote_identifier(name) +
                                               " with (force)");
    if (!dropped) co_return dropped.error();
    co_return Done{};
}

Awaitable<Status> rename_database(PostgresTargetPointer target, Call& call,
                                  PostgresConnection& beside, std::string from, std::string to) {
    // The renaming locks the database against new sessions and waits some seconds for the old ones.
    const auto ending = std::make_shared<Ending>();
    start_task(end_sessions(target, call, from, ending),
               [ending](bool) { ending->stopped = true; });
    const auto renamed = co_await beside.query("alter database " + quote_identifier(from) +
                                               " rename to " + quote_identifier(to));
    ending->over = true;
    while (!ending->stopped) co_await wait_until(target->services->loop, boot_now_s() + 0.01);
    if (!renamed) co_return renamed.error();
    co_return Done{};
}

Awaitable<Status> set_comment(PostgresConnection& beside, std::string database, std::string text) {
    std::string sql = "comment on database " + quote_identifier(database) + " is ";
    sql += text.empty() ? "null" : quote_literal(text);
    const auto set = co_await beside.query(sql);
    if (!set) co_return set.error();
    co_return Done{};
}

Awaitable<Result<std::string>> read_comment(PostgresConnection& beside, std::string database) {
    PostgresParameters parameters = {database};
    const auto read = co_await beside.query(
        "select coalesce(shobj_description(oid, 'pg_database'), '') from pg_database where datname "
        "= $1",
        parameters);
    if (!read) co_return read.error();
    co_return read->first();
}

}  // namespace perilune
