#include "bindings/database/migration_files.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr std::size_t digits_max = 15;
constexpr std::string_view up_ending = ".sql";
constexpr std::string_view down_ending = ".down.sql";

Error bad(const std::string& folder, const std::string& what) {
    return fail("bad_migrations", "Reading the migrations in " + folder + ": " + what +
                                      " Name them NNN_name.sql, each number once, and what "
                                      "reverts them NNN_name.down.sql.");
}

// The number at the start of an id, or -1.
double number_of(const std::string& id) {
    const auto digits = id.find_first_not_of("0123456789");
    if (digits == std::string::npos || digits == 0 || digits > digits_max || id[digits] != '_' ||
        digits + 1 == id.size())
        return -1;
    return std::stod(id.substr(0, digits));
}

Result<std::set<std::string>> list_names(const MigrationFolder& folder) {
    std::set<std::string> names;
    if (folder.texts) {
        const std::string below = folder.path + "/";
        for (auto text = folder.texts->lower_bound(below);
             text != folder.texts->end() && text->first.starts_with(below); ++text)
            if (text->first.find('/', below.size()) == std::string::npos)
                names.insert(text->first.substr(below.size()));
        if (!names.empty()) return names;
        return fail("not_found", "Reading the migrations in " + folder.path +
                                     ": a simulated world has the .sql files of the library's "
                                     "own folders, and none is there.");
    }
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path, code))
        if (entry.path().filename().string().ends_with(up_ending))
            names.insert(entry.path().filename().string());
    if (code)
        return fail("not_found",
                    "Reading the migrations in " + folder.path + ": " + code.message() + ".");
    return names;
}

Result<std::string> read_text(const MigrationFolder& folder, const std::string& name) {
    const std::string path = folder.path + "/" + name;
    if (folder.texts) return folder.texts->at(path);
    return read_file(path);
}

}  // namespace

Result<std::vector<Migration>> read_migrations(const MigrationFolder& in) {
    const std::string& folder = in.path;
    const auto listed = list_names(in);
    if (!listed) return listed.error();
    const std::set<std::string>& names = *listed;
    std::vector<Migration> migrations;
    for (const auto& name : names) {
        const bool down = name.ends_with(down_ending);
        Migration migration;
        migration.id = name.substr(0, name.size() - (down ? down_ending : up_ending).size());
        migration.number = number_of(migration.id);
        if (migration.number < 0) return bad(folder, name + " has another name.");
        if (down) {
            if (!names.contains(migration.id + std::string(up_ending)))
                return bad(folder, name + " reverts a migration that is not there.");
            continue;
        }
        auto sql = read_text(in, name);
        if (!sql) return sql.error();
        migration.digest = to_hex(sha256(*sql));
        migration.sql = std::move(*sql);
        const std::string down_name = migration.id + std::string(down_ending);
        migration.revertible = names.contains(down_name);
        if (migration.revertible) {
            auto down_sql = read_text(in, down_name);
            if (!down_sql) return down_sql.error();
            migration.down_sql = std::move(*down_sql);
        }
        migrations.push_back(std::move(migration));
    }
    std::stable_sort(
        migrations.begin(), migrations.end(),
        [](const Migration& left, const Migration& right) { return left.number < right.number; });
    for (std::size_t i = 1; i < migrations.size(); ++i)
        if (migrations[i].number == migrations[i - 1].number)
            return bad(folder, migrations[i - 1].id + " and " + migrations[i].id +
                                   " have the same number.");
    return migrations;
}

}  // namespace perilune
