#include "interpreter/lua/syntax/literal_values.h"

#include <algorithm>
#include <cmath>

namespace perilune::syntax {

namespace {

// Locals are followed this far, so that `a = a .. a` written often cannot grow without end.
constexpr int depth_max = 32;
constexpr std::size_t text_bytes_max = 64 << 10;

class Reader {
public:
    explicit Reader(const Scopes& scopes) : scopes_(scopes) {}

    std::optional<Value> read(const Expression& expression, int depth) {
        if (depth > depth_max || ++visited_ > visited_max) return std::nullopt;
        switch (expression.kind) {
            case ExpressionKind::nil: return Value();
            case ExpressionKind::boolean: return Value(expression.boolean);
            case ExpressionKind::number: return Value(expression.number);
            case ExpressionKind::text: return Value(expression.text);
            case ExpressionKind::parentheses: return read(*expression.left, depth + 1);
            case ExpressionKind::name: return read_local(expression, depth);
            case ExpressionKind::unary: return read_unary(expression, depth);
            case ExpressionKind::binary: return read_binary(expression, depth);
            case ExpressionKind::table: return read_table(expression, depth);
            default: return std::nullopt;
        }
    }

private:
    std::optional<Value> read_local(const Expression& name, int depth) {
        const Local* local = scopes_.local_of(name);
        if (local == nullptr || local->values.size() != 1 || local->values[0] == nullptr)
            return std::nullopt;
        // A table may be changed through any other use of the name.
        const bool is_table = local->values[0]->kind == ExpressionKind::table;
        if (is_table && local->reads > 1) return std::nullopt;
        return read(*local->values[0], depth + 1);
    }

    std::optional<Value> read_unary(const Expression& unary, int depth) {
        const auto operand = read(*unary.left, depth + 1);
        if (!operand) return std::nullopt;
        if (unary.operation == Operator::negate && operand->is_number())
            return Value(-operand->number());
        if (unary.operation == Operator::logical_not)
            return Value(operand->is_nil() || (operand->is_boolean() && !operand->boolean()));
        return std::nullopt;
    }

    static std::optional<double> calculate(Operator operation, double left, double right) {
        switch (operation) {
            case Operator::add: return left + right;
            case Operator::subtract: return left - right;
            case Operator::multiply: return left * right;
            case Operator::divide: return left / right;
            case Operator::modulo: return left - std::floor(left / right) * right;
            case Operator::power: return std::pow(left, right);
            default: return std::nullopt;
        }
    }

    std::optional<Value> read_binary(const Expression& binary, int depth) {
        const auto left = read(*binary.left, depth + 1);
        const auto right = left ? read(*binary.right, depth + 1) : std::nullopt;
        if (!right) return std::nullopt;
        if (binary.operation == Operator::concatenate && left->is_text() && right->is_text()) {
            if (left->text().size() + right->text().size() > text_bytes_max) return std::nullopt;
            return Value(left->text() + right->text());
        }
        if (!left->is_number() || !right->is_number()) return std::nullopt;
        const auto number = calculate(binary.operation, left->number(), right->number());
        return number ? std::optional<Value>(*number) : std::nullopt;
    }

    std::optional<Value> read_table(const Expression& table, int depth) {
        List list;
        Map map;
        for (const Field& field : table.fields) {
            auto value = read(*field.value, depth + 1);
            if (!value) return std::nullopt;
            if (field.key == nullptr) {
                if (value->is_nil()) return std::nullopt;  // A hole has no place in a list.
                list.push_back(std::move(*value));
                continue;
            }
            const auto key = read(*field.key, depth + 1);
            if (!key || !key->is_text()) return std::nullopt;
            if (!value->is_nil()) map[key->text()] = std::move(*value);
        }
        if (list.empty()) return Value(std::move(map));
        return map.empty() ? std::optional<Value>(std::move(list)) : std::nullopt;
    }

    static constexpr std::size_t visited_max = 100000;
    const Scopes& scopes_;
    std::size_t visited_ = 0;
};

}  // namespace

std::optional<Value> literal_value(const Scopes& scopes, const Expression& expression) {
    return Reader(scopes).read(expression, 0);
}

PossibleTexts possible_texts(const Scopes& scopes, const Expression& expression) {
    PossibleTexts possible;
    for (const Expression* at : scopes.possible_values(expression)) {
        const auto value = at == nullptr ? std::nullopt : literal_value(scopes, *at);
        if (!value || !value->is_text()) {
            possible.complete = false;
        } else if (std::find(possible.texts.begin(), possible.texts.end(), value->text()) ==
                   possible.texts.end()) {
            possible.texts.push_back(value->text());
        }
    }
    return possible;
}

}  // namespace perilune::syntax
