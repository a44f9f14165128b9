// The text of an environment's file, of one that it extends, and of a library's manifest: read as
// YAML, laid over one another, and checked against a driver's table. Parts are divided by lines of
// four dashes.
#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/library/environment.h"
#include "interpreter/library/library.h"
#include "interpreter/library/manifest.h"
#include "interpreter/library/yaml.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

constexpr std::size_t text_bytes_max = 4096;
constexpr int nesting_max = 31;  // 30 within the document itself.
constexpr std::string_view border = "----\n";

constexpr Setting settings[] = {
    {.name = "zone", .doc = "A text."},
    {.name = "token", .doc = "A secret.", .need = Need::optional, .may_be_secret = true},
    {.name = "ttl", .type = Type::duration, .doc = "A time.", .need = Need::optional},
    {.name = "port", .type = Type::integer, .doc = "A number.", .need = Need::optional},
    {.name = "hosts", .type = Type::list, .doc = "A list.", .need = Need::optional},
    {.name = "on", .type = Type::boolean, .doc = "Whether.", .need = Need::optional},
    {.name = "size", .type = Type::size, .doc = "A size.", .need = Need::optional},
};
constexpr std::string_view operations[] = {"upsert"};
constexpr DriverKind kind = {.family = "dns",
                             .name = "zone_file",
                             .doc = "For this fuzzer.",
                             .settings = settings,
                             .operations = operations,
                             .make = nullptr};

const DriverKind* find_kind(std::string_view family, std::string_view name) {
    return family == kind.family && name == kind.name ? &kind : nullptr;
}

int nesting_of(const YamlNode& node) {
    int depth = 0;
    for (const auto& item : node.list) depth = std::max(depth, nesting_of(item));
    for (const auto& entry : node.entries) depth = std::max(depth, nesting_of(entry.value));
    return depth + 1;
}

std::size_t nodes_of(const YamlNode& node) {
    std::size_t count = 1;
    for (const auto& item : node.list) count += nodes_of(item);
    for (const auto& entry : node.entries) count += nodes_of(entry.value);
    return count;
}

// Every line of a refusal says where it is.
void require_place(const Error& error, std::string_view file) {
    require(!error.message.empty(), "A refusal has a message.");
    require(error.message.find(file) != std::string::npos, "A refusal names the file.",
            error.message);
    const auto control = [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == '\x7f'; };
    require(std::ranges::none_of(error.message, control), "A refusal disturbs no terminal.",
            error.message);
}

void check_yaml(std::string_view text) {
    const auto read = parse_yaml(text, "some.yaml");
    if (!read) return require_place(read.error(), "some.yaml");
    require(nesting_of(*read) <= nesting_max, "Nothing nests deeper than the limit.");
    require(nodes_of(*read) <= 20001, "Nothing is larger than the limit.");
    const Value value = untyped_value(*read);
    const auto again = from_canonical_json(to_canonical_json(value));
    require(again.ok() && *again == value, "What YAML says is kept as JSON.");
    if (const auto manifest = parse_manifest(text, "some.yaml"); !manifest)
        require_place(manifest.error(), "some.yaml");
}

void check_environment(std::string_view own, std::string_view below) {
    Texts texts;
    texts["perilune.yaml"] = "name: fuzzed\nversion: 1.0.0\n";
    texts["environments/production.yaml"] = own;
    texts["environments/base.yaml"] = below;
    const auto library = library_from_texts(std::move(texts), "/nowhere");
    require(library.ok(), "A library can be made of texts.");
    const KnownDrivers drivers{.find = find_kind};
    const auto read = load_environment(*library, "production", drivers);
    if (!read) return require_place(read.error(), "environments/");
    for (const auto& [name, target] : read->targets) {
        require(target.driver == &kind, "A target has a driver that there is.", name);
        require(target.settings.values.has("zone"), "A required setting is there.", name);
        for (const auto& [key, value] : target.settings.values.map()) {
            const auto known = std::ranges::find(settings, key, &Setting::name);
            require(known != std::end(settings), "Every setting is of the driver's table.", key);
            require(!value.is_secret() || known->may_be_secret,
                    "A secret stands only where one may.", key);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text = text_of(data, std::min(size, text_bytes_max));
    const auto at = text.find(border);
    const bool two = at != std::string_view::npos;
    check_yaml(text.substr(0, at));
    check_environment(text.substr(0, at), two ? text.substr(at + border.size()) : "");
    return 0;
}

}  // namespace perilune::fuzz
