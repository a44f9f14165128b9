// Walks from a library to those it uses, and refuses circles on the way.
#include "interpreter/library/dependencies.h"

#include <algorithm>
#include <filesystem>

#include "interpreter/library/source_text.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

struct Search {
    const std::string& top;  // The folder that shown paths are relative to.
    Problems& problems;
    std::map<std::string, Dependency> found = {};
    std::vector<std::string> open = {};  // The folders whose dependencies are being looked for.
};

// The libraries that come with the program: of an installation, or of the checkout it was built in.
std::string shipped_library(const std::string& name) {
    std::error_code code;
    const fs::path programs = fs::read_symlink("/proc/self/exe", code).parent_path();
    for (const char* place : {"../share/perilune/stdlib", "../../../stdlib"}) {
        const fs::path found = (programs / place / name).lexically_normal();
        if (fs::exists(found / "perilune.yaml", code)) return found.string();
    }
    return {};
}

void search_all(Search& state, const std::string& folder, const Manifest& manifest);

void search_one(Search& state, const std::string& folder, const DependencyWish& wish) {
    std::error_code code;
    std::string there = fs::weakly_canonical(fs::path(folder) / wish.path, code).string();
    if (wish.path.empty()) {
        there = shipped_library(wish.name);
        if (there.empty())
            return state.problems.add(wish.place, "No library " + in_quotes(wish.name) +
                                                      " comes with this program. Add its path.");
    }
    if (code || !fs::exists(fs::path(there) / "perilune.yaml", code))
        return state.problems.add(wish.place, "There is no library in " + in_quotes(wish.path) +
                                                  ": it has no perilune.yaml. Correct the path.");
    if (std::find(state.open.begin(), state.open.end(), there) != state.open.end())
        return state.problems.add(wish.place, "The dependency " + in_quotes(wish.name) +
                                                  " leads back to a library that uses it. Move "
                                                  "what both need into a third one.");
    const std::string manifest_path = there + "/perilune.yaml";
    const std::string shown = shown_path(state.top, manifest_path);
    const auto text = read_source(manifest_path, shown);
    if (!text) return state.problems.add(text.error());
    const auto manifest = parse_manifest(*text, shown);
    if (!manifest) return state.problems.add(manifest.error());
    if (manifest->name != wish.name)
        return state.problems.add(wish.place, "The library in " + in_quotes(wish.path) +
                                                  " is named " + in_quotes(manifest->name) +
                                                  ", not " + in_quotes(wish.name) +
                                                  ". Correct the name.");
    if (!satisfies(manifest->version, wish.version))
        return state.problems.add(wish.place, in_quotes(wish.name) + " is wanted in version " +
                                                  wish.version + ", but " + in_quotes(wish.path) +
                                                  " holds " + manifest->version +
                                                  ". Change one of them.");
    const auto earlier = state.found.find(wish.name);
    if (earlier != state.found.end()) {
        if (earlier->second.folder != there)
            state.problems.add(wish.place, "The name " + in_quotes(wish.name) +
                                               " stands for two "
                                               "folders: " +
                                               in_quotes(earlier->second.folder) + " and " +
                                               in_quotes(there) + ". Keep one of them.");
        return;
    }
    state.found[wish.name] = {.name = wish.name, .version = manifest->version, .folder = there};
    search_all(state, there, *manifest);
}

void search_all(Search& state, const std::string& folder, const Manifest& manifest) {
    std::error_code code;
    state.open.push_back(fs::weakly_canonical(folder, code).string());
    for (const auto& wish : manifest.dependencies) search_one(state, folder, wish);
    state.open.pop_back();
}

}  // namespace

std::map<std::string, Dependency> find_dependencies(const std::string& folder,
                                                    const Manifest& manifest, Problems& problems) {
    Search state = {.top = folder, .problems = problems};
    search_all(state, folder, manifest);
    return state.found;
}

}  // namespace perilune
