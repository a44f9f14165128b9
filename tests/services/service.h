// A real server that a test starts for itself: unprivileged, in a folder of its own, on free ports,
// and gone with the test.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace perilune::test {

// True where the program is installed. With CI=true a missing one fails the test that asks;
// elsewhere the test says that it is skipped.
bool has_program(const std::string& program);

// A folder that is removed with this object.
class ServiceFolder {
public:
    ServiceFolder();
    ~ServiceFolder();
    ServiceFolder(const ServiceFolder&) = delete;
    ServiceFolder& operator=(const ServiceFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string at(const std::string& name) const { return path_ + "/" + name; }
    void write(const std::string& name, const std::string& text, int mode = 0644) const;
    std::string read(const std::string& name) const;

private:
    std::string path_;
};

// A port of 127.0.0.1 that is free for UDP and TCP alike.
int free_port();

// What a program came to.
struct ProgramEnd {
    int code = -1;
    std::string output;  // Of both streams.
};
ProgramEnd run_to_end(const std::vector<std::string>& argv,
                      const std::map<std::string, std::string>& environment = {},
                      const std::string& input = "");

class Service {
public:
    Service() = default;
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // Starts the program and waits until `ready` is true; throws, with what it printed, where it
    // ends before or takes more than 20 s.
    void start(const std::vector<std::string>& argv, const std::function<bool()>& ready,
               const std::map<std::string, std::string>& environment = {});
    // Asks it to end, and kills it where it does not within 5 s.
    void stop();
    void kill();  // As a machine that loses power.
    bool running() const { return pid_ > 0; }
    std::string log() const;

private:
    ServiceFolder folder_;
    int pid_ = -1;
};

// True once something accepts connections there.
bool accepts(int port);

}  // namespace perilune::test
