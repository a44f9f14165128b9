#include "bindings/secrets/provider.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/child.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr std::size_t secret_bytes_max = 1 << 20;

void cut_line_end(std::string& value) {
    if (value.ends_with('\n')) value.pop_back();
}

Error only_current(const std::string& provider, const std::string& name) {
    return fail("missing_secret", "The secret " + name + " has no versions in " + provider +
                                      "; leave the version out.");
}

// Runs a program on a loop of its own, so that a blocking caller can wait for it.
Ended run_to_end(Program program, double deadline_s) {
    const auto loop = Loop::make();
    Ended ended;
    loop->post([&] {
        auto task = run_program(*loop, std::move(program), std::make_shared<Cancel>(), deadline_s);
        start_task(std::move(task), [&](Ended value) {
            ended = std::move(value);
            loop->stop();
        });
    });
    loop->run();
    return ended;
}

class EnvironmentSecrets final : public SecretProvider {
public:
    explicit EnvironmentSecrets(std::string prefix) : prefix_(std::move(prefix)) {
        for (char** variable = environ; variable && *variable; ++variable) {
            const std::string_view text = *variable;
            const auto equals = text.find('=');
            if (text.starts_with(prefix_) && equals != std::string_view::npos)
                values_.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }

    Result<std::string> fetch(const std::string& name, const std::string& version) override {
        if (!version.empty()) return only_current("the environment", name);
        std::string variable = prefix_;
        for (const char letter : name)
            variable += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '_';
        const auto found = values_.find(variable);
        if (found != values_.end()) return found->second;
        return fail("missing_secret", "The secret " + name +
                                          " is not in the environment: the "
                                          "variable " +
                                          variable +
                                          " was not set when Perilune "
                                          "was started. Set it and start again.");
    }

private:
    std::string prefix_;
    std::map<std::string, std::string> values_;
};

class FileSecrets final : public SecretProvider {
public:
    explicit FileSecrets(std::string folder) : folder_(std::move(folder)) {}

    Result<std::string> fetch(const std::string& name, const std::string& version) override {
        if (!version.empty()) return only_current("the folder " + folder_, name);
        const std::string path = folder_ + "/" + name;
        if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos)
            return fail("missing_secret", "\"" + name +
                                              "\" is no name of a file in the folder of "
                                              "secrets " +
                                              folder_ + ".");
        if (auto unsafe = check_mode(name, path); !unsafe) return unsafe.error();
        auto value = read_file(path, secret_bytes_max);
        if (value) cut_line_end(*value);
        return value;
    }

private:
    Status check_mode(const std::string& name, const std::string& path) const {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) {
            const std::string why =
                errno == ENOENT ? "there is no file " + path : path + ": " + std::strerror(errno);
            return fail("missing_secret", "The secret " + name +
                                              " is not in the folder of secrets: " + why +
                                              ". Put its value there with mode 0600.");
        }
        if ((info.st_mode & 0077) == 0) return Done{};
        return fail("unsafe_secret", "The secret " + name +
                                         " is not used: others than its owner "
                                         "may open the file " +
                                         path + ". Execute: chmod 600 " + path);
    }

    std::string folder_;
};

class CommandSecrets final : public SecretProvider {
public:
    CommandSecrets(std::vector<std::string> argv, double timeout_s)
        : argv_(std::move(argv)), timeout_s_(timeout_s) {}

    Result<std::string> fetch(const std::string& name, const std::string& version) override {
        Program program;
        program.argv = replaced(name, version);
        program.output_max = secret_bytes_max;
        for (const auto* variable : {"PATH", "HOME"})
            if (const char* value = std::getenv(variable))
                program.environment.push_back(std::string(variable) + "=" + value);
        Ended ended = run_to_end(std::move(program), boot_now_s() + timeout_s_);
        const std::string what = "The secret " + name + " was asked of the program " +
                                 (argv_.empty() ? "" : argv_[0]) + ": ";
        if (!ended.started) return fail("missing_secret", what + ended.error);
        if (ended.stopped)
            return fail("missing_secret", what + "it did not end in time and was stopped.",
                        Retry::safe);
        if (ended.exit_code != 0)
            // What it printed is not shown: it may hold a part of the value.
            return fail("missing_secret", what + "it ended with exit code " +
                                              std::to_string(ended.exit_code) +
                                              ". Execute it by hand to see why.");
        if (ended.truncated) return fail("missing_secret", what + "it printed more than 1 MiB.");
        cut_line_end(ended.output);
        if (ended.output.empty()) return fail("missing_secret", what + "it printed nothing.");
        return std::move(ended.output);
    }

private:
    std::vector<std::string> replaced(const std::string& name, const std::string& version) const {
        std::vector<std::string> words;
        for (const auto& word : argv_) {
            std::string made;
            for (std::size_t at = 0; at < word.size();) {
                const std::string_view rest = std::string_view(word).substr(at);
                const bool is_name = rest.starts_with("{name}");
                const bool is_version = rest.starts_with("{version}");
                if (is_name) made += name;
                if (is_version) made += version;
                if (!is_name && !is_version) made += word[at];
                at += is_name ? 6 : is_version ? 9 : 1;
            }
            words.push_back(std::move(made));
        }
        return words;
    }

    std::vector<std::string> argv_;
    double timeout_s_;
};

}  // namespace

std::shared_ptr<SecretProvider> make_environment_secrets(const std::string& prefix) {
    return std::make_shared<EnvironmentSecrets>(prefix);
}

std::shared_ptr<SecretProvider> make_file_secrets(const std::string& folder) {
    return std::make_shared<FileSecrets>(folder);
}

std::shared_ptr<SecretProvider> make_command_secrets(std::vector<std::string> argv,
                                                     double timeout_s) {
    return std::make_shared<CommandSecrets>(std::move(argv), timeout_s);
}

SecretProvider* provider_of(const Driver& driver) {
    return static_cast<SecretProvider*>(driver.state.get());
}

}  // namespace perilune
