// The syntax tree of one Lua file: every expression and statement with its exact place.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/lua/syntax/source_text.h"

namespace perilune::syntax {

struct Expression;
struct Statement;
struct Function;

struct Name {
    std::string_view text;
    Position position;
};

struct Block {
    std::vector<const Statement*> statements;
    Span span;  // From after the word that opens it to before the word that closes it.
};

enum class ExpressionKind : std::uint8_t {
    nil,
    boolean,
    number,
    text,
    varargs,
    function,
    name,
    index,        // left[right], also written left.name
    call,         // left(items)
    method_call,  // left:text(items)
    unary,
    binary,
    table,
    parentheses
};

enum class Operator : std::uint8_t {
    none,
    logical_or,
    logical_and,
    less,
    greater,
    less_equal,
    greater_equal,
    not_equal,
    equal,
    concatenate,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    power,
    logical_not,
    negate,
    length
};

// One field of a table constructor: `value`, `name = value` or `[key] = value`.
struct Field {
    const Expression* key = nullptr;  // Null for a value by position; of `name =`, a text.
    const Expression* value = nullptr;
};

struct Expression {
    ExpressionKind kind = ExpressionKind::nil;
    Operator operation = Operator::none;  // Of unary and binary.
    bool boolean = false;
    bool dotted = false;       // An index written `.name`.
    std::uint32_t id = 0;      // Its place in Tree::expressions.
    std::uint32_t height = 1;  // Of the tree below it, bounded so that walking it may recurse.
    Span span;
    double number = 0;
    std::string_view text;   // A string's value; the spelling of a name; the name of a method.
    Position text_position;  // Where the name of a method or a dotted field stands.
    const Expression* left = nullptr;   // Operand, called or indexed thing, what parentheses hold.
    const Expression* right = nullptr;  // Second operand; the key of an index.
    std::vector<const Expression*> items;  // Arguments.
    std::vector<Field> fields;             // Of a table.
    const Function* function = nullptr;
};

struct Function {
    std::uint32_t id = 0;          // Its place in Tree::functions; the file itself is 0.
    std::vector<Name> parameters;  // `self` of a method is not among them.
    bool has_varargs = false;
    bool is_method = false;  // Declared with a colon, so that it has `self`.
    Block body;
    Span span;
};

enum class StatementKind : std::uint8_t {
    local,
    local_function,
    assign,
    call,
    do_block,
    while_loop,
    repeat_loop,
    if_branches,
    numeric_for,
    generic_for,
    function,
    return_values,
    break_loop,
    jump,
    label
};

struct Branch {
    const Expression* condition = nullptr;  // Null for `else`.
    Block body;
};

struct Statement {
    StatementKind kind = StatementKind::do_block;
    std::uint32_t id = 0;  // Its place in Tree::statements.
    Span span;
    std::vector<Name> names;                 // What it declares; the label of a jump or label.
    std::vector<const Expression*> targets;  // Of an assignment or a function's declaration.
    // Assigned, returned or called values; a `for`'s numbers or iterators; a loop's condition.
    std::vector<const Expression*> values;
    std::vector<Branch> branches;  // Of an `if`; the body of a loop or block is the only one.
};

// Owns all of it. It can be moved, and what points into it stays valid.
struct Tree {
    std::string file;
    std::shared_ptr<const std::string> source;
    std::deque<std::string> texts;
    std::deque<Expression> expressions;
    std::deque<Statement> statements;
    std::deque<Function> functions;

    const Function& main() const { return functions.front(); }
    std::string_view text_of(const Span& span) const {
        const std::size_t begin = span.begin.offset;
        return std::string_view(*source).substr(begin, span.end.offset - begin);
    }
};

// "a", "a.b.c" or, of a call, the same for what is called ("a.b:c" with a method's name); empty
// where it is no plain chain of names.
std::string dotted_name(const Expression& expression);
// What stands inside any number of parentheses.
const Expression& without_parentheses(const Expression& expression);
// Whether it may give any number of values: a call or `...`.
bool gives_many_values(const Expression& expression);
// The name of a global function or local that is called plainly, as in `step(…)`; empty otherwise.
std::string_view called_name(const Expression& expression);
std::string_view spelling_of(Operator operation);

}  // namespace perilune::syntax
