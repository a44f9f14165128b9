// Drives one driver through checks, before, act, look and restore, as a run would.
#include "tests/support/driver_rig.h"

#include "interpreter/base/json.h"
#include "interpreter/base/standing.h"

namespace perilune::test {

namespace {

Value fallback_of(const Setting& setting) {
    const std::string text(setting.fallback);
    const bool number = setting.type == Type::integer || setting.type == Type::number;
    if (setting.type == Type::boolean) return Value(text == "true");
    return number ? Value(std::stod(text)) : Value(text);
}

}  // namespace

std::string Changed::kind() const {
    if (refused) return "refused " + refused->code;
    switch (outcome.kind) {
        case Outcome::Kind::done: return "done";
        case Outcome::Kind::failed: return "failed";
        case Outcome::Kind::unknown: return "unknown";
        case Outcome::Kind::not_sent: break;
    }
    return "not_sent";
}

DriverRig::DriverRig(const Family& family, const DriverKind& kind, std::string target)
    : family_(family),
      kind_(&kind),
      target_(std::move(target)),
      services_(make_services(&http())) {}

DriverRig::DriverRig(const Family& family, SimulatedStage& stage, std::string target)
    : LoopRig(stage.make_loop()),
      family_(family),
      kind_(nullptr),
      target_(std::move(target)),
      services_(make_services(nullptr)) {
    auto made = stage.world.driver_of(target_, services_);
    if (!made) throw std::runtime_error(made.error().message);
    driver_ = std::move(*made);
}

Services DriverRig::make_services(HttpClient* client) {
    Services lent{.loop = loop(), .http = client};
    lent.state_folder = "/nowhere";
    lent.open_secret = [this](const Value& value) -> Result<std::string> {
        if (value.is_text()) return value.text();
        std::string opened;
        for (const auto& piece : value.secret()->pieces) {
            const auto found = secrets.find(piece.name);
            if (!piece.name.empty() && found == secrets.end())
                return fail("no_secret", "There is no secret " + piece.name + ".");
            opened += piece.name.empty() ? piece.text : found->second;
        }
        return opened;
    };
    lent.keep_secret = [this](const std::string& name, const std::string& value) {
        secrets[name] = value;
        return make_secret(name, "(host)");
    };
    lent.print = [this](std::string line) { printed.push_back(std::move(line)); };
    return lent;
}

Result<Value> DriverRig::complete(const Value& settings) const {
    Value completed{Map{}};
    for (const auto& setting : kind_->settings) {
        const std::string what = std::string(setting.name) + " of " + target_;
        const Value& given = settings[setting.name];
        if (given.is_nil() && setting.fallback.empty()) {
            if (setting.need == Need::required) return fail("bad_setting", what + " is missing.");
            continue;
        }
        const bool holds_secrets = setting.may_be_secret || setting.type == Type::secret;
        if (given.is_secret() && holds_secrets) {
            completed.set(setting.name, given);
            continue;
        }
        auto converted = convert(setting.type, given.is_nil() ? fallback_of(setting) : given, what);
        if (!converted) return converted;
        completed.set(setting.name, std::move(*converted));
    }
    for (const auto& [name, value] : settings.map()) {
        bool known = false;
        for (const auto& setting : kind_->settings) known |= setting.name == name;
        if (!known) return fail("bad_setting", target_ + " has no setting " + name + ".");
    }
    return completed;
}

Status DriverRig::make(const Value& settings) {
    auto completed = complete(settings);
    if (!completed) return completed.error();
    const Settings given = {.target = target_, .values = std::move(*completed), .folder = folder};
    auto made = make_driver(*kind_, given, services_);
    if (!made) return made.error();
    driver_ = std::move(*made);
    return Done{};
}

Result<Call> DriverRig::call(const std::string& operation, Value arguments,
                             const std::string& key) {
    const Operation* row = family_.operation(operation);
    if (!row) return fail("no_operation", "The family has no operation " + operation + ".");
    auto checked = check_arguments(family_, *row, arguments.as_map());
    if (!checked) return checked.error();
    Call made;
    made.operation = operation;
    made.target = target_;
    made.arguments = Value(std::move(*checked));
    made.key = key;
    made.deadline_s = boot_now_s() + timeout_s;
    if (cancel) made.cancel = cancel;
    made.open_secret = services_.open_secret;
    made.parts = parts;
    made.keep_part = [this](std::string name, Value value, std::function<void()> durable) {
        parts.insert_or_assign(std::move(name), std::move(value));
        loop().post(std::move(durable));
    };
    return made;
}

Result<Value> DriverRig::observe(const std::string& operation, Value arguments) {
    auto made = call(operation, std::move(arguments), "");
    if (!made) return made.error();
    return await(driver_.operations.at(operation).observe(*made));
}

std::vector<std::string> DriverRig::examine(const Value& changes) {
    if (!driver_.examine) return {};
    Call made;
    made.target = target_;
    made.arguments = Value(Map{});
    if (!changes.is_nil()) made.arguments.set("changes", changes);
    made.deadline_s = boot_now_s() + timeout_s;
    made.open_secret = services_.open_secret;
    auto told = await(driver_.examine(made));
    if (!told) return {"raised " + told.error().code + " " + told.error().message};
    std::vector<std::string> lines;
    for (const auto& one : told->list())
        lines.push_back(
            (one["credentials"].boolean() ? "credentials " : one["state"].text() + " ") +
            one["found"].text());
    return lines;
}

Changed DriverRig::change(const std::string& operation, Value arguments, std::string key) {
    if (key.empty()) {
        key = "key" + std::to_string(++calls_);
        parts.clear();
    }
    Changed changed;
    auto made = call(operation, std::move(arguments), key);
    if (!made) {
        changed.refused = made.error();
        return changed;
    }
    const Handler& handler = driver_.operations.at(operation);
    auto before = await(handler.before(*made));
    if (!before) {
        changed.refused = before.error();
        return changed;
    }
    changed.before = std::move(*before);
    if (changed.before.already_so) {
        changed.outcome = Outcome::done(changed.before.result, changed.before.state);
        return changed;
    }
    changed.acted = true;
    changed.outcome = await(handler.act(*made, changed.before.state));
    return changed;
}

Outcome DriverRig::act_again(const std::string& operation, Value arguments, const std::string& key,
                             const Value& before) {
    auto made = call(operation, std::move(arguments), key);
    if (!made) return Outcome::failed(made.error());
    return await(driver_.operations.at(operation).act(*made, before));
}

Sighting DriverRig::look(const std::string& operation, Value arguments, const std::string& key,
                         const Value& before) {
    auto made = call(operation, std::move(arguments), key);
    const Handler& handler = driver_.operations.at(operation);
    if (!made || !handler.look) return {};
    made->intent_at_s = made->sent_at_s = wall_now_s();
    return await(handler.look(*made, before));
}

Changed DriverRig::undo(const std::string& operation, Value arguments, const Changed& made) {
    Changed nothing;
    nothing.refused = fail("no_restore", operation + " has nothing to take back.");
    auto recorded = call(operation, std::move(arguments), "");
    const Handler& handler = driver_.operations.at(operation);
    if (!recorded || !handler.restore) return nothing;
    const Value& before = made.before.state;
    const auto restore = handler.restore(*recorded, before, made.outcome.value);
    if (!restore) return nothing;
    // Undo looks first, by the operation's own `before`, as a run does.
    const auto now = await(handler.before(*recorded));
    if (!now) {
        nothing.refused = now.error();
        return nothing;
    }
    const Standing standing = standing_of(before, made.outcome.after, now->state);
    const std::string states = "Before: " + to_json(before) +
                               ". Left: " + to_json(made.outcome.after) +
                               ". Now: " + to_json(now->state) + ".";
    if (standing == Standing::before) {
        nothing.refused = fail("as_before", states);
        return nothing;
    }
    auto reversal = call(restore->operation, restore->arguments, "");
    if (standing == Standing::other && reversal) {
        const auto seen = await(driver_.operations.at(restore->operation).before(*reversal));
        nothing.refused = fail("conflict", states);
        if (!seen || !(seen->state == made.outcome.after)) return nothing;
    }
    return change(restore->operation, restore->arguments);
}

}  // namespace perilune::test
