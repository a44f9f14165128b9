// Reading JSON: nlohmann's parser tells what comes, and values are made of it at once.
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "interpreter/base/json.h"
#include "interpreter/base/json_plain.h"

namespace perilune {

namespace {

constexpr std::size_t depth_max = 100;
constexpr std::string_view bytes_key = "$bytes:";

Value secret_from(const List& pieces) {
    SecretTemplate made;
    for (const auto& piece : pieces) {
        const List& parts = piece.list();
        if (parts.size() != 5) continue;
        made.pieces.push_back({.text = parts[0].text(),
                               .name = parts[1].text(),
                               .provider = parts[2].text(),
                               .version = parts[3].text(),
                               .encoding = parts[4].text()});
    }
    return Value(std::make_shared<const SecretTemplate>(std::move(made)));
}

// What the canonical form writes as an object of one key: {"$bytes": …}. Nothing for an object
// that is none of these.
std::optional<Value> special_value(std::string_view key, const Value& held) {
    if (key == "$bytes") {
        auto bytes = from_base64(held.text());
        if (!bytes) return std::nullopt;
        return Value(std::move(*bytes));
    }
    if (key == "$number") return Value(held.text() == "inf" ? HUGE_VAL : -HUGE_VAL);
    if (key == "$secret") return secret_from(held.list());
    if (key == "$unknown") return Value(Unknown{held.text()});
    return std::nullopt;
}

// Takes the parser's events; the names and results of its functions are the parser's.
class Builder {
public:
    using json = nlohmann::json;

    explicit Builder(bool canonical) : canonical_(canonical) {}

    bool null() { return add({}); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(json::number_integer_t number) { return add(Value(std::int64_t{number})); }
    bool number_unsigned(json::number_unsigned_t number) {
        return add(Value(std::uint64_t{number}));
    }
    bool number_float(json::number_float_t number, const json::string_t&) { return add(number); }
    bool string(json::string_t& text) { return add(std::move(text)); }
    bool binary(json::binary_t&) { return false; }
    bool start_object(std::size_t) { return open(true); }
    bool start_array(std::size_t) { return open(false); }
    bool end_array() { return close(Value(std::move(open_.back().list))); }

    bool key(json::string_t& name) {
        Open& object = open_.back();
        ++object.members;
        object.key = std::move(name);
        if (!canonical_ || !object.key.starts_with('$')) return true;
        if (object.key.starts_with(bytes_key)) {
            auto bytes = from_base64(std::string_view(object.key).substr(bytes_key.size()));
            if (bytes) object.key = std::move(*bytes);
            return true;
        }
        if (object.members == 1 && !object.key.starts_with("$$")) object.special = object.key;
        object.key.erase(0, 1);
        return true;
    }

    bool end_object() {
        Open& object = open_.back();
        if (object.members == 1 && !object.special.empty() && object.map.size() == 1)
            if (auto made = special_value(object.special, object.map.begin()->second))
                return close(std::move(*made));
        return close(Value(std::move(object.map)));
    }

    bool parse_error(std::size_t, const std::string&, const json::exception& error) {
        problem_ = std::string("This is no JSON: ") + error.what();
        return false;
    }

    Result<Value> take(bool read) {
        if (read) return std::move(made_);
        return fail("bad_json", problem_);
    }

private:
    // An object or array whose end has not come yet.
    struct Open {
        bool object = false;
        Map map;
        List list;
        std::string key;
        std::string special;  // The first key, where it may be one of a special value.
        int members = 0;
    };

    bool open(bool object) {
        if (open_.size() == depth_max) {
            problem_ = "The JSON text is nested more than 100 deep.";
            return false;
        }
        open_.emplace_back();
        open_.back().object = object;
        return true;
    }

    bool close(Value value) {
        open_.pop_back();
        return add(std::move(value));
    }

    bool add(Value value) {
        if (open_.empty()) {
            made_ = std::move(value);
        } else if (!open_.back().object) {
            open_.back().list.push_back(std::move(value));
        } else if (!value.is_nil()) {
            Map& map = open_.back().map;
            // Keys come sorted in canonical text; of equal ones the last counts.
            map.insert_or_assign(map.end(), std::move(open_.back().key), std::move(value));
        }
        return true;
    }

    bool canonical_;
    std::vector<Open> open_;
    Value made_;
    std::string problem_;
};

Result<Value> read(std::string_view text, bool canonical) {
    Builder builder(canonical);
    const bool well = nlohmann::json::sax_parse(text, &builder);
    return builder.take(well);
}

}  // namespace

Result<Value> from_canonical_json(std::string_view text) {
    Value value;
    if (read_plain_json(text, value)) return value;
    return read(text, true);
}

Result<Value> from_json(std::string_view text) { return read(text, false); }

}  // namespace perilune
