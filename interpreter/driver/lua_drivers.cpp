#include "interpreter/driver/lua_drivers.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "interpreter/base/digest.h"
#include "interpreter/library/source_text.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

std::string path_of(std::string_view family, std::string_view name) {
    return "drivers/" + std::string(family) + "/" + std::string(name) + ".lua";
}

bool on_disk(const Library& library, const std::string& path) {
    std::error_code ignored;
    return !library.texts && fs::exists(disk_path(library, path), ignored);
}

// The text of a library's own driver, or of a built-in one; empty where there is neither.
Result<std::string> text_of(const Library& library, const std::string& path) {
    if (on_disk(library, path)) return read_library_file(library, path);
    if (library.texts) {
        const auto carried = library.texts->find(path);
        if (carried != library.texts->end()) return carried->second;
    }
    const auto built_in = builtin_driver_texts().find(path);
    return built_in == builtin_driver_texts().end() ? std::string() : built_in->second;
}

void add_names(const Texts& texts, const std::string& folder, std::set<std::string>& names) {
    for (auto at = texts.lower_bound(folder); at != texts.end(); ++at) {
        if (!at->first.starts_with(folder)) break;
        names.insert(at->first.substr(folder.size(), at->first.size() - folder.size() - 4));
    }
}

}  // namespace

Result<const DriverKind*> LuaDrivers::find(const Library& library, std::string_view family,
                                           std::string_view name) {
    const std::string path = path_of(family, name);
    auto text = text_of(library, path);
    if (!text) return text.error();
    if (text->empty()) return nullptr;
    if (const auto sane = check_lua_text(*text, path); !sane) return sane.error();
    auto& kept = read_[path + "\n" + sha256(*text)];
    if (!kept) {
        auto made = read_lua_driver(setup_, path, *text);
        if (!made) return made.error();
        if ((*made)->kind.name != name || (*made)->kind.family != family)
            return fail("bad_driver", path + ": it says that it is the driver " +
                                          std::string((*made)->kind.name) + " of the family " +
                                          std::string((*made)->kind.family) +
                                          ". Make name, family and the file's path agree.");
        kept = std::move(*made);
    }
    return &kept->kind;
}

std::vector<std::string> LuaDrivers::names(const Library& library, std::string_view family) const {
    std::set<std::string> names;
    const std::string folder = "drivers/" + std::string(family) + "/";
    add_names(builtin_driver_texts(), folder, names);
    if (library.texts) add_names(*library.texts, folder, names);
    std::error_code failed;
    if (!library.texts)
        for (fs::directory_iterator at(disk_path(library, folder), failed), end;
             !failed && at != end; at.increment(failed))
            if (at->path().extension() == ".lua") names.insert(at->path().stem().string());
    return {names.begin(), names.end()};
}

}  // namespace perilune
