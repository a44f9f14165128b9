#include "interpreter/command/secret_fetch.h"

#include <algorithm>

#include "bindings/secrets/provider.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr double command_timeout_s = 10;

constexpr Setting environment_settings[] = {
    {.name = "prefix",
     .doc = "What stands before the secret's name in the variable's name.",
     .need = Need::optional},
};
constexpr Setting file_settings[] = {
    {.name = "folder",
     .doc = "The folder in which each secret is a file of its name, with mode 0600. A relative one "
            "starts at the library's folder."},
};
constexpr Setting command_settings[] = {
    {.name = "command",
     .type = Type::list,
     .doc = "The program's whole path and its arguments, in which {name} and {version} are "
            "replaced. It prints the value; one line end after it is cut off."},
    {.name = "timeout",
     .type = Type::duration,
     .doc = "After this time the program is stopped.",
     .need = Need::optional,
     .fallback = "10s"},
};

// A provider is no target: it is made by make_secret_fetch.
Result<Driver> refuse_target(const Settings& settings, Services&) {
    return fail("bad_setting", settings.target + ": a provider of secrets is no driver.");
}

constexpr DriverKind environment_provider = {
    .family = "secrets",
    .name = "environment",
    .doc = "The environment variables of the program, as they were when it started.",
    .settings = environment_settings,
    .operations = {},
    .make = refuse_target};
constexpr DriverKind file_provider = {.family = "secrets",
                                      .name = "file",
                                      .doc = "A folder with a file for each secret.",
                                      .settings = file_settings,
                                      .operations = {},
                                      .make = refuse_target};
constexpr DriverKind command_provider = {.family = "secrets",
                                         .name = "command",
                                         .doc = "What a program prints.",
                                         .settings = command_settings,
                                         .operations = {},
                                         .make = refuse_target};

Result<std::shared_ptr<SecretProvider>> make_provider(const SecretsSettings& given) {
    const Value& values = given.settings.values;
    if (given.provider == "environment") return make_environment_secrets(values["prefix"].text());
    if (given.provider == "file") {
        const std::string& folder = values["folder"].text();
        if (folder.empty())
            return fail("bad_setting",
                        "secrets: the provider file needs folder: where the "
                        "secrets lie.");
        return make_file_secrets(path_below(given.settings.folder, folder));
    }
    if (given.provider == "command") {
        std::vector<std::string> argv;
        for (const auto& word : values["command"].list()) argv.push_back(word.text());
        if (argv.empty() || !argv[0].starts_with('/'))
            return fail("bad_setting",
                        "secrets: the provider command needs command: a list that "
                        "begins with the whole path of a program.");
        const double timeout_s =
            values.has("timeout") ? values["timeout"].number() : command_timeout_s;
        return make_command_secrets(std::move(argv), timeout_s);
    }
    return fail("bad_setting", "secrets: there is no provider \"" + given.provider +
                                   "\". There are environment, file and command.");
}

// Errors of a missing secret have one code here, whatever the provider calls them.
FetchSecret fetch_from(std::shared_ptr<SecretProvider> provider) {
    return [kept = std::move(provider)](const std::string& name, const std::string& version) {
        auto value = kept->fetch(name, version);
        if (value || value.error().code == "unsafe_secret") return value;
        Error error = value.error();
        error.code = "secret_missing";
        return Result<std::string>(std::move(error));
    };
}

void collect_names(const Value& value, std::vector<std::string>& names) {
    if (value.is_secret()) {
        for (const auto& piece : value.secret()->pieces)
            if (!piece.name.empty() && piece.provider.empty()) names.push_back(piece.name);
    }
    for (const auto& item : value.list()) collect_names(item, names);
    for (const auto& [key, item] : value.map()) collect_names(item, names);
}

}  // namespace

const std::vector<const DriverKind*>& all_secret_providers() {
    static const std::vector<const DriverKind*> providers = {&environment_provider, &file_provider,
                                                             &command_provider};
    return providers;
}

const DriverKind* find_secret_provider(std::string_view name) {
    for (const auto* provider : all_secret_providers())
        if (provider->name == name) return provider;
    return nullptr;
}

Result<FetchSecret> make_secret_fetch(const SecretsSettings& settings, Loop&) {
    auto provider = make_provider(settings);
    if (!provider) return provider.error();
    return fetch_from(std::move(*provider));
}

FetchSecret fetch_from_driver(const DriverKind&, const Driver& driver) {
    if (!driver.state) return nullptr;
    return fetch_from(std::shared_ptr<SecretProvider>(driver.state, provider_of(driver)));
}

std::vector<std::string> secret_names(const Value& value) {
    std::vector<std::string> names;
    collect_names(value, names);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Status check_secrets(const Environment& environment, const std::vector<std::string>& targets,
                     const OpenSecret& open) {
    std::map<std::string, std::vector<std::string>> wanted;  // By the secret's name: the targets.
    for (const auto& target : targets) {
        const auto found = environment.targets.find(target);
        if (found == environment.targets.end()) continue;
        for (const auto& name : secret_names(found->second.settings.values))
            wanted[name].push_back(target);
    }
    std::string problems;
    for (const auto& [name, users] : wanted) {
        const auto opened = open(make_secret(name));
        if (opened) continue;
        problems += (problems.empty() ? "" : "\n") + users.front() + ": " + opened.error().message;
    }
    if (problems.empty()) return Done{};
    return fail("secret_missing", problems);
}

}  // namespace perilune
