// Follows `extends` and merges the files it names.
#include "interpreter/library/overlay.h"

#include <algorithm>
#include <filesystem>

#include "interpreter/library/fields.h"
#include "interpreter/library/source_text.h"

namespace perilune {

namespace {

constexpr std::size_t files_max = 10;

// Whether the two maps say different things under `key`, so that they describe different things.
bool differ(const YamlNode& below, const YamlNode& above, std::string_view key) {
    const YamlNode* lower = below.find(key);
    const YamlNode* upper = above.find(key);
    return lower && upper && lower->text != upper->text;
}

void remove(YamlNode& map, std::string_view key) {
    std::erase_if(map.entries, [&](const YamlEntry& entry) { return entry.key == key; });
}

// Policy in any of the files is only as safe as all of them: each can change what the others say.
Status check_rights(const Library& library, const std::vector<std::string>& files,
                    bool holds_policy, std::vector<std::string>& warnings) {
    if (library.texts) return Done{};  // The journal's chain vouches for a run's own copy.
    for (const auto& file : files) {
        const auto safe = refuse_world_writable(disk_path(library, file), file);
        if (safe) continue;
        if (holds_policy) return safe;
        warnings.push_back(file +
                           ": Anybody on this machine may change it. Take that right away: "
                           "chmod o-w " +
                           file + ".");
    }
    return Done{};
}

// The path that `extends` names, below the library's folder.
Result<std::string> extended_path(const Library& library, const std::string& path,
                                  const YamlNode& node) {
    Problems problems;
    const auto named = read_text(node, "extends", problems);
    if (!named) return problems.error();
    const auto below =
        (std::filesystem::path(path).parent_path() / *named).lexically_normal().generic_string();
    if (named->starts_with('/') || below.starts_with(".."))
        return problem_at(node.place, "extends names " + in_quotes(*named) +
                                          ", which lies outside "
                                          "the library. Copy the file into the library.");
    const bool is_there = library.texts ? library.texts->contains(below)
                                        : std::filesystem::exists(disk_path(library, below));
    if (is_there) return below;
    return problem_at(node.place, "extends names " + in_quotes(*named) + ", but there is no file " +
                                      below +
                                      ". The path starts at this file's folder: correct "
                                      "it.");
}

}  // namespace

YamlNode merge(YamlNode below, YamlNode above) {
    if (!below.is_map() || !above.is_map()) return above;
    if (differ(below, above, "driver") || differ(below, above, "provider")) return above;
    YamlNode merged = std::move(below);
    merged.place = above.place;
    for (auto& entry : above.entries) {
        const auto same = std::find_if(merged.entries.begin(), merged.entries.end(),
                                       [&](const YamlEntry& old) { return old.key == entry.key; });
        if (same == merged.entries.end()) {
            merged.entries.push_back(std::move(entry));
        } else if (entry.value.is_nothing()) {
            merged.entries.erase(same);
        } else {
            same->place = entry.place;
            same->value = merge(std::move(same->value), std::move(entry.value));
        }
    }
    return merged;
}

Result<Overlaid> read_overlaid(const Library& library, const std::string& path) {
    Overlaid all;
    std::vector<YamlNode> roots;
    std::string next = path;
    bool holds_policy = false;
    while (!next.empty()) {
        const auto text = read_library_file(library, next);
        if (!text) return text.error();
        auto root = parse_yaml(*text, next);
        if (!root) return root.error();
        if (!root->is_map() && !root->is_nothing())
            return problem_at(root->place,
                              "An environment is a map with \"kind\" and \"targets\", "
                              "but this file holds " +
                                  std::string(root->kind_text()) + ".");
        holds_policy = holds_policy || root->find("policy");
        all.files.push_back(next);
        next.clear();
        if (const YamlNode* extends = root->find("extends")) {
            const auto found = extended_path(library, all.files.back(), *extends);
            if (!found) return found.error();
            const bool circle =
                std::find(all.files.begin(), all.files.end(), *found) != all.files.end();
            if (circle || all.files.size() >= files_max)
                return problem_at(extends->place,
                                  circle ? "extends leads in a circle back to " + *found +
                                               ". Remove one of the lines."
                                         : std::string("More than 10 files extend each other. "
                                                       "Merge some of them."));
            next = *found;
        }
        remove(*root, "extends");
        if (!roots.empty()) remove(*root, "kind");
        roots.push_back(std::move(*root));
    }
    const auto safe = check_rights(library, all.files, holds_policy, all.warnings);
    if (!safe) return safe.error();
    all.root = std::move(roots.back());
    for (auto above = roots.rbegin() + 1; above != roots.rend(); ++above)
        all.root = merge(std::move(all.root), std::move(*above));
    return all;
}

}  // namespace perilune
