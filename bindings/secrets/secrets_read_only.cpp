// The two drivers that only read: environment variables, and what a declared program prints.
#include <algorithm>

#include <unistd.h>

#include "bindings/secrets/provider.h"
#include "bindings/secrets/secrets.h"
#include "bindings/secrets/secrets_file.h"

namespace perilune {

namespace {

constexpr Setting environment_settings[] = {
    {.name = "prefix",
     .doc = "Only variables that begin with it are secrets of the target; the rest of the variable "
            "is the secret's name. Read once, at the host's start.",
     .identity = true},
};

constexpr Setting command_settings[] = {
    {.name = "command",
     .type = Type::list,
     .doc = "The program's whole path and its arguments, in which {name} is replaced. It prints "
            "the value; one line end after it is cut off.",
     .identity = true},
    {.name = "names", .type = Type::list, .doc = "The names that may be asked for."},
    {.name = "timeout",
     .type = Type::duration,
     .doc = "After this time the program is stopped.",
     .need = Need::optional,
     .fallback = "10s"},
};

constexpr std::string_view read_operations[] = {"describe", "list", "read"};

Value info(const std::string& name) { return Value().set("name", name); }

// Observes over a fixed set of names; values are fetched only when a handle is opened.
void add_observes(Driver& driver, Loop& loop, const std::string& target,
                  std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    const auto known = std::make_shared<const std::vector<std::string>>(std::move(names));
    const auto has = [known](const Call& call) {
        return std::binary_search(known->begin(), known->end(), call.arguments["name"].text());
    };
    driver.operations["describe"] = observe_blocking(loop, [has](Call& call) -> Result<Value> {
        return has(call) ? info(call.arguments["name"].text()) : Value();
    });
    driver.operations["list"] = observe_blocking(loop, [known](Call& call) -> Result<Value> {
        List listed;
        for (const auto& name : *known)
            if (name.starts_with(call.arguments["prefix"].text())) listed.push_back(info(name));
        return Value(std::move(listed));
    });
    driver.operations["read"] = observe_blocking(loop, [has, target](Call& call) -> Result<Value> {
        // These sources have no versions, so no version of theirs is there.
        if (!has(call) || call.arguments.has("version")) return Value();
        return secret_handle(call.arguments["name"].text(), target, "");
    });
}

Result<Driver> make_environment(const Settings& given, Services& services) {
    const std::string& prefix = given.values["prefix"].text();
    if (prefix.empty())
        return fail("bad_setting", "The setting prefix of " + given.target +
                                       " must not be empty: not every variable is a secret.");
    std::vector<std::string> names;
    for (char** variable = environ; variable && *variable; ++variable) {
        const std::string_view text = *variable;
        const auto equals = text.find('=');
        if (equals != std::string_view::npos && equals > prefix.size() && text.starts_with(prefix))
            names.emplace_back(text.substr(prefix.size(), equals - prefix.size()));
    }
    Driver driver;
    add_observes(driver, services.loop, given.target, std::move(names));
    driver.state = make_environment_secrets(prefix);
    return driver;
}

Result<Driver> make_command(const Settings& given, Services& services) {
    std::vector<std::string> argv;
    for (const auto& word : given.values["command"].list()) argv.push_back(word.text());
    if (argv.empty() || !argv[0].starts_with('/'))
        return fail("bad_setting", "The setting command of " + given.target +
                                       " must begin with the whole path of a program.");
    std::vector<std::string> names;
    for (const auto& name : given.values["names"].list()) names.push_back(name.text());
    const double timeout_s = given.values.has("timeout") ? given.values["timeout"].number() : 10;
    Driver driver;
    add_observes(driver, services.loop, given.target, std::move(names));
    driver.state = make_command_secrets(std::move(argv), timeout_s);
    return driver;
}

}  // namespace

const DriverKind secrets_environment_kind = {
    .family = "secrets",
    .name = "environment",
    .doc = "The environment variables of this host with a prefix; read only.",
    .settings = environment_settings,
    .operations = read_operations,
    .make = make_environment,
    .doctor_checks = "each variable that a target needs, opened",
};

const DriverKind secrets_command_kind = {
    .family = "secrets",
    .name = "command",
    .doc = "What a declared program prints for a name, such as a password manager's; read only.",
    .settings = command_settings,
    .operations = read_operations,
    .make = make_command,
    .doctor_checks = "each secret that a target needs, opened by the program",
};

}  // namespace perilune
