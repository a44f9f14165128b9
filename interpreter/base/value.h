// The plain data that crosses an operation: what Lua, the journal and every driver agree on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "interpreter/base/shared.h"

namespace perilune {

class Value;
struct SecretTemplate;
using List = std::vector<Value>;
using Map = std::map<std::string, Value, std::less<>>;
using Secret = std::shared_ptr<const SecretTemplate>;

// A value of a plan that only the run will know; `source` says where it would come from.
struct Unknown {
    std::string source;
};

// Nil, boolean, number, text (any bytes), list, map, secret handle, or (in plans only) unknown.
// Copies share their lists and maps until one of them is changed, so that copying is cheap.
class Value {
public:
    Value() = default;
    Value(std::nullptr_t) {}
    Value(bool boolean) : data_(boolean) {}
    Value(double number) : data_(number) {}
    Value(int number) : data_(static_cast<double>(number)) {}
    Value(std::int64_t number) : data_(static_cast<double>(number)) {}
    Value(std::uint64_t number) : data_(static_cast<double>(number)) {}
    Value(const char* text) : data_(std::string(text)) {}
    Value(std::string_view text) : data_(std::string(text)) {}
    Value(std::string text) : data_(std::move(text)) {}
    Value(List list) : data_(Shared(std::move(list))) {}
    Value(Map map) : data_(Shared(std::move(map))) {}
    Value(Secret secret) : data_(std::move(secret)) {}
    Value(Unknown unknown) : data_(std::move(unknown)) {}

    bool is_nil() const { return std::holds_alternative<std::monostate>(data_); }
    bool is_boolean() const { return std::holds_alternative<bool>(data_); }
    bool is_number() const { return std::holds_alternative<double>(data_); }
    bool is_text() const { return std::holds_alternative<std::string>(data_); }
    bool is_list() const { return std::holds_alternative<Shared<List>>(data_); }
    bool is_map() const { return std::holds_alternative<Shared<Map>>(data_); }
    bool is_secret() const { return std::holds_alternative<Secret>(data_); }
    bool is_unknown() const { return std::holds_alternative<Unknown>(data_); }

    // The held thing, or an empty one of that type where the value is of another type.
    bool boolean() const { return is_boolean() && std::get<bool>(data_); }
    double number() const { return is_number() ? std::get<double>(data_) : 0.0; }
    std::int64_t integer() const;
    const std::string& text() const;
    const List& list() const;
    const Map& map() const;
    Secret secret() const { return is_secret() ? std::get<Secret>(data_) : nullptr; }
    const Unknown& unknown() const;
    // Turn the value into a list or a map where it is none. What is given is this value's alone,
    // until it is copied: not to be held for longer.
    List& as_list();
    Map& as_map();

    // The field `name` of a map; nil where it is absent or this is no map.
    const Value& operator[](std::string_view name) const;
    bool has(std::string_view name) const { return !(*this)[name].is_nil(); }
    // Sets a field; a nil removes it. Returns this value, so that calls chain.
    Value& set(std::string_view name, Value value);

    // "nil", "boolean", "number", "text", "list", "map", "secret" or "unknown".
    std::string_view kind() const;
    bool operator==(const Value& other) const;

private:
    std::variant<std::monostate, bool, double, std::string, Shared<List>, Shared<Map>, Secret,
                 Unknown>
        data_;
};

// What stands at `index`; nil where the list is shorter, as what another process sends may be.
const Value& element_of(const List& list, std::size_t index);

// A secret is a template: pieces of text and references, each with an encoding. It is opened in the
// host only, at use; what is stored, compared and shown is the template.
struct SecretPiece {
    std::string text;      // Plain text, where `name` is empty.
    std::string name;      // The secret's name in its provider.
    std::string provider;  // Empty: the environment's own provider.
    std::string version;   // Empty: the current one.
    std::string encoding;  // raw | json | url | base64 | hash | hmac:ALGORITHM:TEXT
    bool operator==(const SecretPiece&) const = default;
};

struct SecretTemplate {
    std::vector<SecretPiece> pieces;
    bool operator==(const SecretTemplate&) const = default;
};

// A handle that opens to the current value of `name`.
Value make_secret(std::string_view name, std::string_view provider = "");
// "[secret NAME]"; of a template of several pieces, their texts and handles in a row.
std::string show_secret(const SecretTemplate& secret);

}  // namespace perilune
