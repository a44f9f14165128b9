// Sorts the files of a library by their paths, wherever their texts come from.
#include "interpreter/library/library.h"

#include <algorithm>
#include <filesystem>

#include "interpreter/base/suggest.h"
#include "interpreter/library/dependencies.h"
#include "interpreter/library/fields.h"
#include "interpreter/library/folder_list.h"
#include "interpreter/library/manifest.h"
#include "interpreter/library/source_text.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view manifest_name = "perilune.yaml";
constexpr std::string_view people_name = "people.yaml";
constexpr std::string_view dependencies_prefix = "dependencies/";
constexpr std::string_view drills_prefix = "drills/";

// `path` without `prefix` and `ending`; empty where it has not both.
std::string inner_name(std::string_view path, std::string_view prefix, std::string_view ending) {
    if (!path.starts_with(prefix) || !path.ends_with(ending) ||
        path.size() <= prefix.size() + ending.size())
        return "";
    path.remove_prefix(prefix.size());
    path.remove_suffix(ending.size());
    return std::string(path);
}

bool is_runbook_name(std::string_view name) {
    return name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789-_/") == std::string_view::npos;
}

void add_runbook(Library& library, const std::string& path, const std::string& inner,
                 Problems& problems) {
    if (!is_runbook_name(inner)) {
        library.warnings.push_back(path +
                                   ": No runbook is named like this: letters, digits, - and "
                                   "_ only. Rename the file to execute it.");
        return;
    }
    const auto [earlier, is_new] = library.runbooks.try_emplace(runbook_name(inner), path);
    if (!is_new)
        problems.add(place_of_file(path), "It and " + earlier->second + " both are the runbook " +
                                              in_quotes(earlier->first) +
                                              ", because - and _ count "
                                              "as the same. Rename or remove one of them.");
}

std::string module_name(std::string inner) {
    if (inner.ends_with("/init")) inner.resize(inner.size() - 5);
    std::replace(inner.begin(), inner.end(), '/', '.');
    return inner;
}

// Puts one file where it belongs by its path.
void add_file(Library& library, const std::string& path, Problems& problems) {
    const auto take = [&](std::string_view prefix, std::map<std::string, std::string>& into) {
        if (const auto name = inner_name(path, prefix, ".lua"); !name.empty()) into[name] = path;
    };
    take("tests/", library.tests);
    take("explorations/", library.explorations);
    if (const auto inner = inner_name(path, drills_prefix, ".lua"); !inner.empty())
        library.drills[runbook_name(inner)] = path;
    if (const auto inner = inner_name(path, "runbooks/", ".lua"); !inner.empty())
        add_runbook(library, path, inner, problems);
    if (const auto inner = inner_name(path, "lib/", ".lua"); !inner.empty()) {
        const auto [earlier, is_new] = library.modules.try_emplace(module_name(inner), path);
        if (!is_new)
            problems.add(place_of_file(path),
                         "It and " + earlier->second + " both are the module " +
                             in_quotes(earlier->first) + ". Remove one of them.");
    }
    if (const auto inner = inner_name(path, "environments/", ".yaml"); !inner.empty())
        library.environments[inner] = path;
    const bool of_bundle = path.starts_with("runbooks/") || path.starts_with("lib/") ||
                           path.starts_with(dependencies_prefix) || path == manifest_name ||
                           path == people_name;
    if (of_bundle) library.files.push_back(path);
}

Result<Library> assemble(Library library, const Manifest& manifest, std::vector<std::string> paths,
                         Problems& problems) {
    library.name = manifest.name;
    library.version = manifest.version;
    library.summary = manifest.summary;
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) add_file(library, path, problems);
    if (problems.any()) return problems.error();
    return library;
}

Error unknown(std::string_view what, std::string_view name, std::string_view where,
              const std::map<std::string, std::string>& known) {
    std::vector<std::string> names;
    for (const auto& [known_name, path] : known) names.push_back(known_name);
    std::string message = "There is no " + std::string(what) + " " + in_quotes(name) + " in " +
                          std::string(where) + "." + did_you_mean(name, names);
    message += names.empty() ? " There are none yet: add a file there."
                             : " There are " + listed(names, 30) + ".";
    return fail("not_found", message);
}

}  // namespace

Result<Library> find_library(const std::string& start_folder) {
    std::error_code code;
    const fs::path start = fs::weakly_canonical(fs::absolute(start_folder), code);
    for (fs::path folder = start;; folder = folder.parent_path()) {
        if (fs::exists(folder / manifest_name, code)) return open_library(folder.string());
        if (folder == folder.parent_path()) break;
    }
    return fail("not_found", "There is no perilune.yaml in " + start.string() +
                                 " or in a folder above it, so this is no runbook library. Go to "
                                 "one, or begin one: perilune new NAME.");
}

Result<Library> open_library(const std::string& folder) {
    Library library;
    std::error_code code;
    library.folder = fs::weakly_canonical(fs::absolute(folder), code).string();
    const auto text = read_source(library.folder + "/perilune.yaml", manifest_name);
    if (!text) return text.error();
    const auto manifest = parse_manifest(*text, manifest_name);
    if (!manifest) return manifest.error();
    Problems problems;
    std::vector<std::string> paths = {std::string(manifest_name)};
    const auto list = [&](const std::string& place, const std::string& inner,
                          std::string_view ending, const std::string& prefix) {
        for (const auto& path : list_files(place, inner, ending, problems, library.warnings))
            paths.push_back(prefix + path);
    };
    for (const char* inner : {"runbooks", "lib", "tests", "explorations", "drills"})
        list(library.folder, inner, ".lua", "");
    list(library.folder, "environments", ".yaml", "");
    if (fs::exists(library.folder + "/people.yaml", code)) paths.emplace_back(people_name);
    for (const auto& [name, dependency] : find_dependencies(library.folder, *manifest, problems)) {
        const std::string prefix = std::string(dependencies_prefix) + name + "/";
        library.dependencies.push_back(dependency);
        paths.push_back(prefix + std::string(manifest_name));
        list(dependency.folder, "runbooks", ".lua", prefix);
        list(dependency.folder, "lib", ".lua", prefix);
    }
    return assemble(std::move(library), *manifest, std::move(paths), problems);
}

Result<Library> library_from_texts(Texts texts, const std::string& folder) {
    Library library;
    library.folder = folder;
    library.texts = std::make_shared<const Texts>(std::move(texts));
    const auto text = read_library_file(library, std::string(manifest_name));
    if (!text) return text.error();
    const auto manifest = parse_manifest(*text, manifest_name);
    if (!manifest) return manifest.error();
    std::vector<std::string> paths;
    for (const auto& [path, held] : *library.texts) {
        paths.push_back(path);
        const std::string name = inner_name(path, dependencies_prefix, "/perilune.yaml");
        if (name.empty() || name.find('/') != std::string::npos) continue;
        const auto inner = parse_manifest(held, path);
        if (!inner) return inner.error();
        library.dependencies.push_back({.name = name, .version = inner->version, .folder = ""});
    }
    Problems problems;
    return assemble(std::move(library), *manifest, std::move(paths), problems);
}

std::string disk_path(const Library& library, const std::string& path) {
    for (const auto& dependency : library.dependencies) {
        const std::string prefix = std::string(dependencies_prefix) + dependency.name + "/";
        if (path.starts_with(prefix)) return dependency.folder + "/" + path.substr(prefix.size());
    }
    return library.folder + "/" + path;
}

Result<std::string> read_library_file(const Library& library, const std::string& path) {
    if (!library.texts) return read_source(disk_path(library, path), path);
    const auto found = library.texts->find(path);
    if (found != library.texts->end()) return found->second;
    return problem_at(place_of_file(path), "The run does not carry this file. Start a new run.");
}

Result<std::string> find_runbook(const Library& library, std::string_view name) {
    if (runbook_name(name).starts_with(drills_prefix)) {
        const std::string drill = runbook_name(name).substr(drills_prefix.size());
        const auto found = library.drills.find(drill);
        if (found != library.drills.end()) return found->second;
        return unknown("drill", drill, "drills/ of " + library.name, library.drills);
    }
    const auto found = library.runbooks.find(runbook_name(name));
    if (found != library.runbooks.end()) return found->second;
    return unknown("runbook", name, "runbooks/ of " + library.name, library.runbooks);
}

bool is_drill(std::string_view path) { return path.starts_with(drills_prefix); }

Result<std::string> find_environment(const Library& library, std::string_view name) {
    const auto found = library.environments.find(std::string(name));
    if (found != library.environments.end()) return found->second;
    return unknown("environment", name, "environments/ of " + library.name, library.environments);
}

std::string runbook_name(std::string_view name_or_path) {
    if (name_or_path.starts_with("./")) name_or_path.remove_prefix(2);
    if (name_or_path.starts_with("runbooks/")) name_or_path.remove_prefix(9);
    if (name_or_path.ends_with(".lua")) name_or_path.remove_suffix(4);
    std::string name(name_or_path);
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

}  // namespace perilune
