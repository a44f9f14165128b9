#include "interpreter/lua/syntax/diagnose.h"

#include <algorithm>
#include <array>

#include "interpreter/base/suggest.h"

namespace perilune::syntax {

namespace {

struct Translation {
    std::string_view name;
    std::string_view advice;
};

// Looking for the nearest name takes long; after so many findings nobody reads it.
constexpr std::size_t advised_max = 200;

constexpr std::string_view no_world =
    " A runbook reaches files, programs and the network through the operations of its targets.";
constexpr std::string_view no_code = " Code is read with require(\"name\") only.";

// What writers expect to find, and why it is not there.
constexpr std::array<Translation, 17> absent_names = {{
    {"null", " Write nil."},
    {"undefined", " Write nil."},
    {"None", " Write nil."},
    {"True", " Write true."},
    {"False", " Write false."},
    {"this", " A method's own object is called self."},
    {"io", no_world},
    {"os", no_world},
    {"debug", no_world},
    {"ffi", no_world},
    {"jit", no_world},
    {"package", no_code},
    {"load", no_code},
    {"loadstring", no_code},
    {"loadfile", no_code},
    {"dofile", no_code},
    {"_G", " There is no table of all names; write the name itself."},
}};

std::string with_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

class Diagnoser {
public:
    Diagnoser(const Tree& tree, const Scopes& scopes, const KnownNames& known)
        : tree_(tree), scopes_(scopes), known_(known) {}

    std::vector<Diagnostic> diagnose() {
        find_unknown_globals();
        find_unused_locals();
        find_steps();
        find_outer_assignments();
        find_upvalue_overflow();
        for (const Expression& expression : tree_.expressions) {
            check_field(expression);
            check_secret_comparison(expression);
        }
        for (const Statement& statement : tree_.statements) {
            for (const Expression* target : statement.targets) check_library_assignment(*target);
        }
        const auto earlier = [](const Diagnostic& left, const Diagnostic& right) {
            return left.position.offset < right.position.offset;
        };
        std::stable_sort(found_.begin(), found_.end(), earlier);
        return std::move(found_);
    }

private:
    void add(const Position& position, std::string_view code, std::string message,
             Severity severity = Severity::error) {
        found_.push_back({tree_.file, position, std::string(code), std::move(message), severity});
    }

    // The locals that a name at `offset` could have meant.
    std::vector<std::string> visible_locals(std::size_t offset) const {
        std::vector<std::string> names;
        for (const Local& local : scopes_.locals) {
            if (local.visible_from < offset && offset < local.visible_to)
                names.emplace_back(local.name.text);
        }
        return names;
    }

    // The nearest of the locals visible at the name and of `others`.
    std::string suggest(const Expression& name, const NameSet& others) const {
        // One letter is near to every other one.
        if (name.text.size() < 3 || found_.size() >= advised_max) return "";
        std::vector<std::string> candidates = visible_locals(name.span.begin.offset);
        candidates.insert(candidates.end(), others.begin(), others.end());
        return did_you_mean(name.text, candidates);
    }

    std::string advise_on_unknown(const Expression& name) const {
        for (const auto& absent : absent_names) {
            if (absent.name == name.text) return std::string(absent.advice);
        }
        return suggest(name, known_.globals);
    }

    void find_unknown_globals() {
        for (const GlobalUse& use : scopes_.globals) {
            const Expression& name = *use.name;
            if (use.assigned) {
                add(name.span.begin, "global_assignment",
                    with_quotes(name.text) +
                        " is given a value without being declared, and runbooks have no globals "
                        "of their own. Declare it with \"local\"." +
                        suggest(name, {}));
            } else if (!known_.globals.contains(name.text)) {
                add(name.span.begin, "unknown_global",
                    with_quotes(name.text) + " is neither a local nor a name of the language." +
                        advise_on_unknown(name));
            }
        }
    }

    void find_unused_locals() {
        for (const Local& local : scopes_.locals) {
            const bool counts =
                local.kind == LocalKind::variable || local.kind == LocalKind::function;
            if (!counts || local.reads > 0 || local.name.text.starts_with('_')) continue;
            const std::string what =
                local.kind == LocalKind::function ? "The local function " : "The local ";
            add(local.name.position, "unused_local",
                what + with_quotes(local.name.text) +
                    (local.assignments > 0 ? " is given values but never read."
                                           : " is never used.") +
                    " Remove it, or begin its name with \"_\".",
                Severity::warning);
        }
    }

    // The functions that are the last argument of a call of step.
    void find_steps() {
        step_of_.resize(tree_.functions.size(), nullptr);
        for (const Expression& call : tree_.expressions) {
            if (!scopes_.calls_global(call, "step") || call.items.empty()) continue;
            const Expression& last = without_parentheses(*call.items.back());
            if (last.function != nullptr) step_of_[last.function->id] = &call;
        }
    }

    void find_outer_assignments() {
        for (const Assignment& assignment : scopes_.assignments) {
            const std::uint32_t home = scopes_.locals[assignment.local].function;
            const Expression* step = nullptr;
            for (std::uint32_t at = assignment.function; at != home && step == nullptr;
                 at = scopes_.functions[at].parent)
                step = step_of_[at];
            if (step == nullptr) continue;
            const Expression& name = *step->items.front();
            const std::string which =
                name.kind == ExpressionKind::text ? "The step " + with_quotes(name.text) : "A step";
            add(assignment.target->span.begin, "step_assigns_outer_local",
                which + " assigns " + with_quotes(assignment.target->text) +
                    ", which is declared outside of it; where the step is skipped or answered by "
                    "a person, that is lost. Return the value from the step: local " +
                    std::string(assignment.target->text) + " = step(…).",
                Severity::warning);
        }
    }

    void find_upvalue_overflow() {
        for (const Function& function : tree_.functions) {
            if (scopes_.functions[function.id].upvalues.size() <= FunctionScope::upvalues_max)
                continue;
            add(function.span.begin, "too_many_upvalues",
                "The function uses more than " + std::to_string(FunctionScope::upvalues_max) +
                    " locals of the functions around it, and Lua refuses it. Put some into a "
                    "table.");
        }
    }

    // The fields that the expression has where it is a listed library; null otherwise.
    const NameSet* library_fields(const Expression& object) const {
        const auto found = known_.fields.find(object.text);
        const bool is_library =
            found != known_.fields.end() && scopes_.is_global(object, object.text);
        return is_library ? &found->second : nullptr;
    }

    void check_field(const Expression& index) {
        if (index.kind != ExpressionKind::index || index.right->kind != ExpressionKind::text)
            return;
        const NameSet* fields = library_fields(*index.left);
        const std::string_view name = index.right->text;
        if (fields == nullptr || fields->contains(name)) return;
        const std::vector<std::string> candidates(fields->begin(), fields->end());
        add(index.right->span.begin, "unknown_field",
            with_quotes(index.left->text) + " has no field " + with_quotes(name) + "." +
                did_you_mean(name, candidates));
    }

    void check_library_assignment(const Expression& target) {
        if (target.kind != ExpressionKind::index || library_fields(*target.left) == nullptr) return;
        add(target.span.begin, "library_assignment",
            "A field of " + with_quotes(target.left->text) +
                " is given a value, and libraries cannot be changed. Declare a local instead.");
    }

    bool may_be_secret(const Expression& expression) const {
        const auto values = scopes_.possible_values(expression);
        return std::any_of(values.begin(), values.end(), [&](const Expression* value) {
            return value != nullptr && scopes_.calls_global(*value, "secret");
        });
    }

    bool may_be_text(const Expression& expression) const {
        const auto values = scopes_.possible_values(expression);
        return std::any_of(values.begin(), values.end(), [](const Expression* value) {
            return value != nullptr && value->kind == ExpressionKind::text;
        });
    }

    void check_secret_comparison(const Expression& comparison) {
        if (comparison.operation != Operator::equal && comparison.operation != Operator::not_equal)
            return;
        const bool compares_text =
            (may_be_secret(*comparison.left) && may_be_text(*comparison.right)) ||
            (may_be_text(*comparison.left) && may_be_secret(*comparison.right));
        if (!compares_text) return;
        add(comparison.span.begin, "secret_comparison",
            "A secret is compared with text. A secret is a handle that is opened only in the host: "
            "\"==\" with text is always false, whatever its value. Let the target check the value "
            "where it is used.");
    }

    const Tree& tree_;
    const Scopes& scopes_;
    const KnownNames& known_;
    std::vector<const Expression*>
        step_of_;  // By a function's id: the call of step it is given to.
    std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> diagnose(const Tree& tree, const Scopes& scopes, const KnownNames& known) {
    return Diagnoser(tree, scopes, known).diagnose();
}

std::string show_diagnostic(const Diagnostic& diagnostic) {
    const std::string_view severity =
        diagnostic.severity == Severity::error ? "error: " : "warning: ";
    return show_problem(diagnostic.file,
                        {diagnostic.position, std::string(severity) + diagnostic.message}) +
           " (" + diagnostic.code + ")";
}

}  // namespace perilune::syntax
