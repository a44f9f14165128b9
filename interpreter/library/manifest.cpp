// Reads `perilune.yaml` and compares versions.
#include "interpreter/library/manifest.h"

#include <array>
#include <charconv>
#include <set>

#include "interpreter/library/fields.h"
#include "interpreter/library/yaml.h"

namespace perilune {

namespace {

using Numbers = std::array<int, 3>;

// One to three numbers with points between them; `count` says how many.
std::optional<Numbers> parse_numbers(std::string_view text, int& count) {
    Numbers numbers = {0, 0, 0};
    for (count = 0; count < 3; ++count) {
        const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(),
                                                  numbers[static_cast<std::size_t>(count)]);
        if (code != std::errc() || text.starts_with('-')) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
        if (text.empty()) {
            ++count;
            return numbers;
        }
        if (!text.starts_with('.')) return std::nullopt;
        text.remove_prefix(1);
    }
    return std::nullopt;
}

struct Wish {
    enum class Kind { compatible, exact, at_least };
    Kind kind = Kind::compatible;
    Numbers numbers = {0, 0, 0};
    int count = 0;
};

std::optional<Wish> parse_wish(std::string_view text) {
    Wish wish;
    if (text.starts_with(">=")) {
        wish.kind = Wish::Kind::at_least;
        text.remove_prefix(2);
    } else if (text.starts_with('=')) {
        wish.kind = Wish::Kind::exact;
        text.remove_prefix(1);
    }
    if (text.starts_with(' ')) text.remove_prefix(1);
    const auto numbers = parse_numbers(text, wish.count);
    if (!numbers || (wish.kind == Wish::Kind::exact && wish.count != 3)) return std::nullopt;
    wish.numbers = *numbers;
    return wish;
}

std::optional<std::string> read_field(const YamlNode& map, std::string_view key,
                                      std::string_view what, Problems& problems) {
    const YamlNode* node = map.find(key);
    if (node) return read_text(*node, std::string(key) + " of " + std::string(what), problems);
    problems.add(map.place,
                 in_quotes(key) + " is missing: " + std::string(what) + " needs it. Add it.");
    return std::nullopt;
}

void read_dependency(const YamlNode& node, Manifest& manifest, std::set<std::string>& names,
                     Problems& problems) {
    const std::string what = "each of dependencies";
    if (!node.is_map()) {
        problems.add(node.place, what + " must be { name: …, path: …, version: … }, but it is " +
                                     std::string(node.kind_text()) + ".");
        return;
    }
    refuse_unknown_keys(node, "a dependency", {"name", "path", "version"}, problems);
    const auto name = read_field(node, "name", "a dependency", problems);
    const bool elsewhere = node.find("path") != nullptr;
    const auto path =
        elsewhere ? read_field(node, "path", "a dependency", problems) : std::string();
    const auto version = read_field(node, "version", "a dependency", problems);
    if (!name || !path || !version) return;
    if (!is_plain_name(*name))
        problems.add(node.find("name")->place,
                     "The name " + in_quotes(*name) +
                         " may only have "
                         "lower-case letters, digits, - and _. Rename the dependency.");
    if (!names.insert(*name).second)
        problems.add(node.find("name")->place,
                     "The dependency " + in_quotes(*name) + " is named twice. Remove one of them.");
    if (path->starts_with('/'))
        problems.add(node.find("path")->place,
                     "The path " + in_quotes(*path) +
                         " is absolute, so it "
                         "exists on one machine only. Write it relative to this library.");
    if (!is_version_wish(*version))
        problems.add(node.find("version")->place, "The version " + in_quotes(*version) +
                                                      " is none; "
                                                      "write \"1.4\", \"=1.4.2\" or \">=1.4\".");
    manifest.dependencies.push_back(
        {.name = *name, .path = *path, .version = *version, .place = node.place});
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text, std::string_view shown) {
    const auto root = parse_yaml(text, shown);
    if (!root) return root.error();
    Problems problems;
    if (!root->is_map())
        return problem_at(root->place, "It must have at least \"name\" and \"version\". Add them.");
    refuse_unknown_keys(*root, "A library", {"name", "version", "summary", "dependencies"},
                        problems);
    Manifest manifest;
    manifest.name = read_field(*root, "name", "a library", problems).value_or("");
    if (!manifest.name.empty() && !is_plain_name(manifest.name))
        problems.add(root->find("name")->place,
                     "The name " + in_quotes(manifest.name) +
                         " may only "
                         "have lower-case letters, digits, - and _. Rename the library.");
    manifest.version = read_field(*root, "version", "a library", problems).value_or("");
    if (!manifest.version.empty() && !is_version(manifest.version))
        problems.add(root->find("version")->place,
                     "The version " + in_quotes(manifest.version) +
                         " must be three whole numbers, such as \"1.0.0\".");
    if (const YamlNode* summary = root->find("summary"))
        manifest.summary = read_text(*summary, "summary", problems).value_or("");
    const YamlNode* dependencies = root->find("dependencies");
    std::set<std::string> names;
    if (dependencies && dependencies->is_list()) {
        for (const auto& node : dependencies->list)
            read_dependency(node, manifest, names, problems);
    } else if (dependencies && !dependencies->is_nothing()) {
        problems.add(dependencies->place,
                     "dependencies must be a list of { name: …, path: …, version: … }, but it is " +
                         std::string(dependencies->kind_text()) + ".");
    }
    if (problems.any()) return problems.error();
    return manifest;
}

bool is_version(std::string_view text) {
    int count = 0;
    return parse_numbers(text, count).has_value() && count == 3;
}

bool is_version_wish(std::string_view text) { return parse_wish(text).has_value(); }

bool satisfies(std::string_view version, std::string_view wish) {
    int count = 0;
    const auto have = parse_numbers(version, count);
    const auto wanted = parse_wish(wish);
    if (!have || !wanted) return false;
    if (wanted->kind == Wish::Kind::exact) return *have == wanted->numbers;
    if (*have < wanted->numbers) return false;
    if (wanted->kind == Wish::Kind::at_least) return true;
    const auto& numbers = wanted->numbers;
    if ((*have)[0] != numbers[0]) return false;
    return numbers[0] > 0 || wanted->count == 1 || (*have)[1] == numbers[1];
}

}  // namespace perilune
