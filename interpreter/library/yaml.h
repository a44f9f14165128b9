// YAML as this program reads it: a tree of plain nodes that know where they stand, strictly
// checked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/problems.h"

namespace perilune {

struct YamlEntry;

// One value of a file. What a plain scalar means ("yes", "1.10") is for its reader to say, who
// knows which type belongs there; the tree keeps the text and whether it was quoted.
struct YamlNode {
    enum class Kind { nothing, text, list, map };
    Kind kind = Kind::nothing;
    std::string text;
    bool quoted = false;  // In quotes or a block: never a number, boolean or nothing.
    std::vector<YamlNode> list;
    std::vector<YamlEntry> entries;  // Of a map, in the order of the file; no key stands twice.
    Place place;

    bool is_nothing() const { return kind == Kind::nothing; }
    bool is_text() const { return kind == Kind::text; }
    bool is_list() const { return kind == Kind::list; }
    bool is_map() const { return kind == Kind::map; }
    // The entry or value under `key`; null where it is absent or this is no map.
    const YamlEntry* entry(std::string_view key) const;
    const YamlNode* find(std::string_view key) const;
    // "text", "a list", "a map" or "nothing", for messages.
    std::string_view kind_text() const;
};

struct YamlEntry {
    std::string key;
    Place place;  // Of the key.
    YamlNode value;
};

// Parses one document. `shown` is the file's name in messages. Refuses more than 1 MiB, bytes that
// are not plain UTF-8 text, tabs, tags, keys that stand twice or are no text, a second document,
// nesting deeper than 30, and aliases that make the tree larger than 20,000 nodes or 4 MiB.
Result<YamlNode> parse_yaml(std::string_view text, std::string_view shown);

// What a scalar says without a reader that knows its type: true, false, a number as JSON writes it,
// else text; lists and maps of these; nil for nothing.
Value untyped_value(const YamlNode& node);
// A number as JSON writes it ("-1.5e3"), finite; nothing else ("0x10", ".5", "1_000") is one.
bool is_number_text(std::string_view text);

}  // namespace perilune
