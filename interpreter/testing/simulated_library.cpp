#include "interpreter/testing/simulated_library.h"

#include <filesystem>

#include "interpreter/driver/driver_worker.h"
#include "interpreter/library/bundle.h"
#include "interpreter/library/folder_list.h"

namespace perilune {

namespace {

constexpr std::size_t sql_bytes_max = 8 << 20;

Status add_files(const Library& library, const std::map<std::string, std::string>& files,
                 Value& texts) {
    for (const auto& [name, path] : files) {
        auto text = read_library_file(library, path);
        if (!text) return text.error();
        texts.set(path, std::move(*text));
    }
    return Done{};
}

// The library's .sql files, by path: a simulated database applies migrations. Each of its folders
// is looked through for itself: one that is too large, such as that of a package manager, hinders
// no other.
Value sql_files(const Library& library) {
    Value files{Map{}};
    std::size_t bytes = 0;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(library.folder, code)) {
        const std::string inner = entry.path().filename().string();
        if (inner.starts_with('.') || !entry.is_directory(code)) continue;
        Problems problems;
        std::vector<std::string> warnings;
        for (const auto& path : list_files(library.folder, inner, ".sql", problems, warnings)) {
            auto text = read_library_file(library, path);
            if (!text) continue;  // Whoever wants it is told that it is not there.
            bytes += text->size();
            if (bytes <= sql_bytes_max) files.set(path, std::move(*text));
        }
    }
    return files;
}

}  // namespace

Result<Value> simulated_library(const Library& library, const KnownDrivers& known,
                                const std::string& worker_program) {
    Value texts{Map{}};
    Value drivers{Map{}};
    auto bundle = load_bundle(library, {});
    if (!bundle) return bundle.error();
    for (auto& [path, text] : bundle->files) texts.set(path, std::move(text));
    for (const auto* files : {&library.environments, &library.tests, &library.explorations})
        if (const auto added = add_files(library, *files, texts); !added) return added.error();
    for (const auto& [name, path] : library.environments) {
        const auto environment = load_environment(library, name, known);
        // One that is wrong is told when a test asks for it.
        if (!environment) continue;
        for (const auto& file : environment->files) {
            auto text = read_library_file(library, file);
            if (text) texts.set(file, std::move(*text));
        }
        for (const auto& [target, settings] : environment->targets) {
            const DriverScript* script = settings.driver->script;
            if (!script || drivers.has(script->path)) continue;
            auto declared = describe_driver(worker_program, *script);
            if (!declared) return declared.error();
            drivers.set(script->path, std::move(*declared));
            texts.set(script->path, script->text);
        }
    }
    return Value()
        .set("folder", library.folder)
        .set("texts", std::move(texts))
        .set("files", sql_files(library))
        .set("drivers", std::move(drivers));
}

}  // namespace perilune
