// Walks folders without following links, within bounds.
#include "interpreter/library/folder_list.h"

#include <algorithm>
#include <filesystem>

namespace perilune {

namespace {

namespace fs = std::filesystem;
constexpr int depth_max = 20;
constexpr std::size_t entries_max = 10000;

struct Walk {
    const std::string& folder;
    std::string_view ending;
    Problems& problems;
    std::vector<std::string>& warnings;
    std::vector<std::string> found = {};
    std::size_t entries = 0;
};

void walk_folder(Walk& walk, const std::string& inner, int depth) {
    const Place place = place_of_file(inner);
    if (depth > depth_max)
        return walk.problems.add(place, "The folders are nested more than 20 deep. Flatten them.");
    std::error_code code;
    fs::directory_iterator iterator(fs::path(walk.folder) / inner, code);
    if (code == std::errc::no_such_file_or_directory) return;
    if (code)
        return walk.problems.add(place, "The folder cannot be read (" + code.message() +
                                            "). Give yourself the right to read it.");
    for (; iterator != fs::directory_iterator(); iterator.increment(code)) {
        const std::string name = iterator->path().filename().string();
        if (++walk.entries > entries_max)
            return walk.problems.add(place,
                                     "More than 10,000 files stand here. Move away what is "
                                     "no part of the library.");
        if (name.starts_with('.')) continue;
        const std::string path = inner + "/" + name;
        if (name.ends_with(walk.ending)) {
            walk.found.push_back(path);
        } else if (iterator->is_directory(code)) {
            if (iterator->is_symlink(code)) {
                walk.warnings.push_back(path +
                                        ": A link to a folder is not followed. Name that "
                                        "folder as a dependency in perilune.yaml.");
            } else {
                walk_folder(walk, path, depth + 1);
            }
        }
    }
}

}  // namespace

std::vector<std::string> list_files(const std::string& folder, const std::string& inner,
                                    std::string_view ending, Problems& problems,
                                    std::vector<std::string>& warnings) {
    Walk walk = {.folder = folder, .ending = ending, .problems = problems, .warnings = warnings};
    walk_folder(walk, inner, 1);
    std::sort(walk.found.begin(), walk.found.end());
    return walk.found;
}

}  // namespace perilune
