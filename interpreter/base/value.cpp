#include "interpreter/base/value.h"

namespace perilune {

namespace {
const Value nil_value;
const std::string empty_text;
const List empty_list;
const Map empty_map;
const Unknown no_unknown;
}  // namespace

std::int64_t Value::integer() const {
    const double held = number();
    if (held != held || held > 9.2e18 || held < -9.2e18) return 0;
    return static_cast<std::int64_t>(held);
}

const std::string& Value::text() const {
    return is_text() ? std::get<std::string>(data_) : empty_text;
}

const List& Value::list() const {
    const auto* held = std::get_if<Shared<List>>(&data_);
    return held != nullptr && held->get() != nullptr ? *held->get() : empty_list;
}

const Map& Value::map() const {
    const auto* held = std::get_if<Shared<Map>>(&data_);
    return held != nullptr && held->get() != nullptr ? *held->get() : empty_map;
}

const Unknown& Value::unknown() const {
    return is_unknown() ? std::get<Unknown>(data_) : no_unknown;
}

List& Value::as_list() {
    if (!is_list()) data_ = Shared<List>();
    return std::get<Shared<List>>(data_).own();
}

Map& Value::as_map() {
    if (!is_map()) data_ = Shared<Map>();
    return std::get<Shared<Map>>(data_).own();
}

const Value& Value::operator[](std::string_view name) const {
    const Map& fields = map();
    const auto found = fields.find(name);
    return found == fields.end() ? nil_value : found->second;
}

Value& Value::set(std::string_view name, Value value) {
    Map& fields = as_map();
    if (value.is_nil()) {
        if (const auto found = fields.find(name); found != fields.end()) fields.erase(found);
    } else {
        fields.insert_or_assign(std::string(name), std::move(value));
    }
    return *this;
}

std::string_view Value::kind() const {
    static constexpr std::string_view names[] = {"nil",  "boolean", "number", "text",
                                                 "list", "map",     "secret", "unknown"};
    return names[data_.index()];
}

bool Value::operator==(const Value& other) const {
    const auto empty = [](const Value& value) {
        return (value.is_list() && value.list().empty()) || (value.is_map() && value.map().empty());
    };
    if (empty(*this) && empty(other)) return true;  // Lua's empty table is both.
    if (data_.index() != other.data_.index()) return false;
    if (is_secret()) return *std::get<Secret>(data_) == *std::get<Secret>(other.data_);
    if (is_unknown()) return unknown().source == other.unknown().source;
    if (is_boolean()) return boolean() == other.boolean();
    if (is_number()) return number() == other.number();
    if (is_text()) return text() == other.text();
    if (is_list()) return &list() == &other.list() || list() == other.list();
    return &map() == &other.map() || map() == other.map();
}

const Value& element_of(const List& list, std::size_t index) {
    return index < list.size() ? list[index] : nil_value;
}

Value make_secret(std::string_view name, std::string_view provider) {
    SecretTemplate made;
    made.pieces.push_back({.text = "",
                           .name = std::string(name),
                           .provider = std::string(provider),
                           .version = "",
                           .encoding = "raw"});
    return Value(std::make_shared<const SecretTemplate>(std::move(made)));
}

std::string show_secret(const SecretTemplate& secret) {
    std::string shown;
    for (const auto& piece : secret.pieces)
        shown += piece.name.empty() ? piece.text : "[secret " + piece.name + "]";
    return shown;
}

}  // namespace perilune
