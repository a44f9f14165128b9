// What a driver's file declares, checked: settings, hosts, limits and operations.
#include <algorithm>
#include <set>

#include "interpreter/base/suggest.h"
#include "interpreter/driver/driver_worker.h"
#include "interpreter/driver/lua_driver.h"

namespace perilune {

namespace {

constexpr Type types[] = {Type::text,     Type::integer, Type::number, Type::boolean,
                          Type::duration, Type::size,    Type::time,   Type::list,
                          Type::map,      Type::target,  Type::secret};
const std::set<std::string> setting_fields = {"name",    "type",    "doc",    "optional",
                                              "default", "choices", "secret", "identity"};

struct Reader {
    LuaDriverKind& made;
    const LuaDriverSetup& setup;
    std::string problems = {};

    void add(const std::string& problem) {
        problems += (problems.empty() ? "" : "\n") + made.script.path + ": " + problem;
    }

    std::string_view keep(const std::string& text) { return made.texts.emplace_back(text); }

    const Family* family() {
        const std::string& name = made.declared["family"].text();
        std::vector<std::string> names;
        for (const auto* known : setup.families) {
            if (known->name == name) return known;
            names.emplace_back(known->name);
        }
        add("family must be one of the families, but it is \"" + name + "\"." +
            did_you_mean(name, names));
        return nullptr;
    }

    void read_setting(const Value& told) {
        Setting setting;
        const std::string& name = told["name"].text();
        if (name.empty()) return add("each of settings needs a name.");
        for (const auto& [field, value] : told.map())
            if (!setting_fields.contains(field))
                add("the setting " + name + " has no field \"" + field + "\"." +
                    did_you_mean(field, {setting_fields.begin(), setting_fields.end()}));
        setting.name = keep(name);
        setting.doc = keep(told["doc"].text());
        if (setting.doc.empty()) add("the setting " + name + " needs doc: what it is for.");
        const std::string type = told.has("type") ? told["type"].text() : "text";
        bool known = false;
        for (const Type candidate : types) {
            if (type != to_text(candidate)) continue;
            setting.type = candidate;
            known = true;
        }
        if (!known) add("the setting " + name + " has the type \"" + type + "\", which is none.");
        setting.fallback = keep(told["default"].text());
        const bool optional = told["optional"].boolean() || !setting.fallback.empty();
        setting.need = optional ? Need::optional : Need::required;
        std::string choices;
        for (const auto& choice : told["choices"].list())
            choices += (choices.empty() ? "" : "|") + choice.text();
        setting.choices = keep(choices);
        setting.may_be_secret = told["secret"].boolean() || setting.type == Type::secret;
        setting.identity = told["identity"].boolean();
        made.settings.push_back(setting);
    }

    void read_operations(const Family& family) {
        for (const auto& [name, has] : made.declared["operations"].map()) {
            const Operation* row = family.operation(name);
            std::vector<std::string> names;
            for (const auto& known : family.operations) names.emplace_back(known.name);
            if (!row) {
                add("the family " + std::string(family.name) + " has no operation " + name + "." +
                    did_you_mean(name, names));
                continue;
            }
            const bool observes = row->effect == Effect::observe;
            if (observes && !has.has("observe"))
                add("the operation " + name + " needs the function observe.");
            if (!observes && !(has.has("before") && has.has("act")))
                add("the operation " + name + " needs the functions before and act.");
            made.operations.push_back(keep(name));
        }
        add_ruled(family);
        check_everywhere(family);
    }

    // A place that cannot do what the family's others all can says so in `lacks`: a keeper of
    // alarms reads no numbers.
    void check_everywhere(const Family& family) {
        std::set<std::string> lacks;
        for (const auto& name : made.declared["lacks"].list()) lacks.insert(name.text());
        for (const auto& row : family.operations) {
            const std::string name(row.name);
            const bool lacking = lacks.erase(name) == 1;
            const bool has = std::ranges::find(made.operations, row.name) != made.operations.end();
            if (lacking && (has || !row.everywhere))
                add("lacks names the operation " + name + ", which " +
                    (has ? "this driver has." : "no driver has to have."));
            if (row.everywhere && !has && !lacking)
                add("every driver of the family " + std::string(family.name) +
                    " has the operation " + name +
                    ", but this one has not. Where the provider cannot do it, name it in lacks.");
        }
        for (const auto& name : lacks)
            add("lacks names the operation " + name + ", which the family has not.");
    }

    // What the family makes of the file's functions.
    void add_ruled(const Family& family) {
        const FamilyRules* rules = setup.rules_of(family.name);
        if (!rules) return;
        for (const auto name : rules->functions)
            if (!made.declared["functions"].has(name))
                add("a driver of the family " + std::string(family.name) + " needs the function " +
                    std::string(name) + " in functions.");
        for (const auto& feature : made.declared["features"].list())
            if (std::ranges::find(rules->features, feature.text()) == rules->features.end())
                add("the family " + std::string(family.name) + " knows no feature " +
                    feature.text() + "." +
                    did_you_mean(feature.text(), {rules->features.begin(), rules->features.end()}));
        for (const auto name : rules->operations)
            if (!made.declared["operations"].has(name)) made.operations.push_back(name);
    }

    // The texts of one list of `doctor`, as one sentence.
    std::string_view read_doctor(const char* list) {
        std::string text;
        for (const auto& one : made.declared["doctor"][list].list())
            text += (text.empty() ? "" : "; ") + one.text();
        return keep(text);
    }

    void read_hosts() {
        for (const auto& host : made.declared["hosts"].list()) {
            const std::string& text = host.text();
            if (!text.starts_with("{")) continue;
            bool known = false;
            for (const auto& setting : made.settings)
                known = known || "{" + std::string(setting.name) + "}" == text;
            if (!known) add("hosts names " + text + ", which is no setting.");
        }
        if (made.declared["hosts"].list().empty())
            add("hosts must list where it may send to: \"api.example.com\" or \"{url}\".");
    }
};

}  // namespace

Result<std::unique_ptr<LuaDriverKind>> read_lua_driver(const LuaDriverSetup& setup,
                                                       const std::string& path,
                                                       const std::string& text) {
    auto made = std::make_unique<LuaDriverKind>();
    made->script.path = path;
    made->script.text = text;
    auto declared = setup.describe ? setup.describe(made->script)
                                   : describe_driver(setup.worker_program, made->script);
    if (!declared) return declared.error();
    made->declared = std::move(*declared);
    Reader reader{.made = *made, .setup = setup};
    const Family* family = reader.family();
    if (made->declared["name"].text().empty()) reader.add("it needs a name.");
    if (made->declared["doc"].text().empty()) reader.add("it needs doc: what it is for.");
    for (const auto& setting : made->declared["settings"].list()) reader.read_setting(setting);
    reader.read_hosts();
    if (family) reader.read_operations(*family);
    if (!reader.problems.empty()) return fail("bad_driver", reader.problems);
    made->kind.family = family->name;
    made->kind.name = reader.keep(made->declared["name"].text());
    made->kind.doc = reader.keep(made->declared["doc"].text());
    made->kind.settings = made->settings;
    made->kind.operations = made->operations;
    made->kind.doctor_checks = reader.read_doctor("checks");
    made->kind.doctor_cannot = reader.read_doctor("cannot");
    made->kind.script = &made->script;
    made->script.make = [&setup, kind = made.get(), family](const Settings& settings,
                                                            Services& services) {
        return make_lua_driver(setup, *kind, *family, settings, services);
    };
    return made;
}

}  // namespace perilune
