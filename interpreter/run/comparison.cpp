// A comparison as data and as text.
#include "interpreter/run/comparison.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/run/plan_guide.h"

namespace perilune {

namespace {

using Kind = ComparedEffect::Kind;

std::string_view to_text(Kind kind) {
    switch (kind) {
        case Kind::change: return "change";
        case Kind::observe: return "observe";
        case Kind::child: return "child";
        case Kind::question: return "question";
        case Kind::sleep: return "sleep";
        case Kind::failure: return "failure";
    }
    return "";
}

// What is asked of nobody and changes nothing is only worth a line where it differs.
bool is_shown(const ComparedEffect& effect, bool observes) {
    if (effect.sign != '=') return true;
    if (effect.kind == Kind::observe) return observes;
    return effect.kind != Kind::sleep && effect.kind != Kind::failure;
}

std::string described(const ComparedEffect& effect, const Value& arguments) {
    switch (effect.kind) {
        case Kind::child: return describe_change("run_runbook", effect.name, arguments);
        case Kind::question: return effect.what + " \"" + effect.name + "\"";
        case Kind::sleep: return "sleep " + to_json(arguments["seconds"]) + " s";
        case Kind::failure:
            return "the failure of \"" + effect.name + "\": " + arguments["message"].text();
        default: return describe_change(effect.name, effect.target, arguments);
    }
}

// The arguments that are not the same, as they would be.
Value changed_arguments(const Value& was, const Value& now) {
    Value changed{Map{}};
    for (const auto& [name, value] : now.map())
        if (!(value == was[name])) changed.set(name, value);
    return changed;
}

// The arguments that would not be given at all.
std::string without(const Value& was, const Value& now) {
    std::string names;
    for (const auto& [name, value] : was.map())
        if (!now.has(name)) names += (names.empty() ? "  without " : ", ") + name;
    return names;
}

std::string effect_lines(const ComparedEffect& effect) {
    const bool two = !effect.was.is_nil();
    std::string text = std::string("  ") + effect.sign + " " +
                       shortened(described(effect, two ? effect.was : effect.arguments));
    if (!effect.detail.empty()) text += "  (" + effect.detail + ")";
    if (!two) return text;
    const Value changed = changed_arguments(effect.was, effect.arguments);
    text += "\n    → ";
    text +=
        effect.kind == Kind::change || effect.kind == Kind::observe || effect.kind == Kind::child
            ? shortened(to_json(changed)) + without(effect.was, effect.arguments)
            : shortened(described(effect, effect.arguments));
    return text;
}

// What is asked again and again, as a poll is, has one line.
void add_effects(std::string& text, const std::vector<ComparedEffect>& effects, bool observes) {
    std::string path = "\n", last;
    int times = 0;
    const auto end_line = [&] {
        if (times > 1) text += "  (" + std::to_string(times) + " times)";
        if (times > 0) text += "\n";
        times = 0;
    };
    for (const auto& effect : effects) {
        if (!is_shown(effect, observes)) continue;
        std::string lines = effect_lines(effect);
        const bool again = times > 0 && effect.path == path && lines == last;
        if (!again) end_line();
        if (effect.path != path)
            text += (effect.path.empty() ? "(outside any step)" : effect.path) + "\n";
        if (!again) text += lines;
        path = effect.path;
        last = std::move(lines);
        ++times;
    }
    end_line();
}

void add_notes(std::string& text, const std::string& title,
               const std::vector<ComparisonNote>& notes) {
    if (notes.empty()) return;
    text += "\n" + title + "\n";
    for (const auto& note : notes) {
        text += "  " + (note.path.empty() ? "" : note.path + ": ") + note.text;
        text += note.at.empty() ? "\n" : " (" + note.at + ")\n";
    }
}

List values_of(const std::vector<ComparisonNote>& notes) {
    List values;
    for (const auto& note : notes) {
        Value value;
        value.set("path", note.path).set("text", note.text);
        if (!note.at.empty()) value.set("at", note.at);
        values.push_back(std::move(value));
    }
    return values;
}

}  // namespace

Value ComparedEffect::to_value() const {
    Value value;
    value.set("sign", std::string(1, sign)).set("kind", to_text(kind)).set("path", path);
    if (!target.empty()) value.set("target", target);
    if (!what.empty()) value.set("what", what);
    value.set("name", name).set("args", arguments).set("was", was);
    if (!detail.empty()) value.set("detail", detail);
    if (!at.empty()) value.set("at", at);
    if (seq > 0) value.set("seq", seq);
    return value;
}

bool Comparison::differs() const {
    return other_value || !problems.empty() ||
           std::any_of(effects.begin(), effects.end(),
                       [](const ComparedEffect& effect) { return effect.sign != '='; });
}

Value Comparison::to_value(bool observes) const {
    List all, left;
    for (const auto& effect : effects)
        if (is_shown(effect, observes)) all.push_back(effect.to_value());
    for (const auto& effect : not_compared)
        if (effect.kind != Kind::observe || observes) left.push_back(effect.to_value());
    Value told;
    told.set("run", run).set("runbook", runbook).set("code", current ? "current" : "recorded");
    told.set("differs", differs()).set("effects", std::move(all));
    told.set("not_known", values_of(not_known)).set("not_compared", std::move(left));
    told.set("assumed", values_of(assumed)).set("problems", values_of(problems));
    if (other_value) told.set("value", value).set("value_was", value_was);
    return told;
}

std::string Comparison::to_text(bool observes) const {
    std::string text;
    add_effects(text, effects, observes);
    if (other_value)
        text += "The run's value\n  ~ " + to_json(value_was) + "\n    → " + to_json(value) + "\n";
    add_notes(text, "Assumed to hold", assumed);
    std::vector<ComparisonNote> unknown = not_known;
    for (auto& note : unknown) note.text = "not known: " + note.text;
    add_notes(text, "Where the comparison ends", unknown);
    std::vector<ComparedEffect> left = not_compared;
    if (!observes)
        std::erase_if(left, [](const auto& effect) { return effect.kind == Kind::observe; });
    if (!left.empty()) text += "\nNot compared: what was done after that\n";
    for (auto& effect : left) effect.sign = '?';
    add_effects(text, left, true);
    add_notes(text, "Broken off", problems);
    const auto count = [&](char sign) {
        return std::to_string(
            std::count_if(effects.begin(), effects.end(), [&](const ComparedEffect& effect) {
                return effect.sign == sign && is_shown(effect, observes);
            }));
    };
    if (!text.empty()) text += "\n";
    text += count('=') + " the same, " + count('+') + " would be done and were not, " + count('-') +
            " were done and would not be, " + count('~') + " otherwise, " +
            std::to_string(left.size()) + " not compared.\n";
    return text;
}

}  // namespace perilune
