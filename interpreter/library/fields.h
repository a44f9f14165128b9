// Reads single keys of a file whose types are known, and says what belongs there where they differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/library/problems.h"
#include "interpreter/library/yaml.h"

namespace perilune {

// `what` names the thing in messages: "kind", "policy.plan", "uses of deploy/web".

// Adds a problem and returns false where the node is no map. Nothing counts as an empty map.
bool expect_map(const YamlNode& node, std::string_view what, Problems& problems);
// Adds a problem for every key that is not in `known`.
void refuse_unknown_keys(const YamlNode& map, std::string_view what,
                         const std::vector<std::string>& known, Problems& problems);

// Each returns nothing, and adds a problem, where the value is of another kind.
std::optional<std::string> read_text(const YamlNode& node, std::string_view what,
                                     Problems& problems);
std::optional<std::string> read_choice(const YamlNode& node, std::string_view what,
                                       const std::vector<std::string>& choices, Problems& problems);
std::optional<bool> read_boolean(const YamlNode& node, std::string_view what, Problems& problems);
std::optional<int> read_count(const YamlNode& node, std::string_view what, Problems& problems);

struct PlacedText {
    std::string text;
    Place place;
};
// A list of texts, or one text alone.
std::vector<PlacedText> read_texts(const YamlNode& node, std::string_view what, Problems& problems);

// What plain `yes`, `no`, `on`, `off`, `true` and `false` say where a boolean belongs.
std::optional<bool> boolean_of(const YamlNode& node);

// Lower-case letters, digits, - and _: what targets, libraries and environments are named with.
bool is_plain_name(std::string_view name);

}  // namespace perilune
