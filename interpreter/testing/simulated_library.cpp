#include "interpreter/testing/simulated_library.h"

#include "interpreter/driver/driver_worker.h"
#include "interpreter/library/bundle.h"

namespace perilune {

namespace {

Status add_files(const Library& library, const std::map<std::string, std::string>& files,
                 Value& texts) {
    for (const auto& [name, path] : files) {
        auto text = read_library_file(library, path);
        if (!text) return text.error();
        texts.set(path, std::move(*text));
    }
    return Done{};
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
        .set("drivers", std::move(drivers));
}

}  // namespace perilune
