#include "bindings/deploy/socket_path.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace perilune {

namespace {

// The address of a socket through its folder's descriptor: short, whatever the folder is called.
sockaddr_un address_in(const Descriptor& folder, const std::string& path) {
    const std::string name = std::filesystem::path(path).filename().string();
    const std::string shortened = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, shortened.c_str(), sizeof address.sun_path - 1);
    return address;
}

Descriptor open_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

Result<Descriptor> listen_at(const std::string& path) {
    const std::string above = std::filesystem::path(path).parent_path().string();
    if (const auto made = make_folders(above, 0700); !made) return made.error();
    ::chmod(above.c_str(), 0700);
    const Descriptor folder = open_folder_of(path);
    Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_un address = address_in(folder, path);
    if (!folder.open() || !made.open() ||
        ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(made.get(), 64) != 0)
        return fail("file_failed", "Listening at " + path + ": " + std::strerror(errno) + ".");
    return made;
}

Result<Descriptor> connect_to(const std::string& path) {
    const Descriptor folder = open_folder_of(path);
    Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_in(folder, path);
    if (!folder.open() || !made.open() ||
        ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail("no_supervisor",
                    "Nobody listens at " + path + ": " + std::strerror(errno) + ".", Retry::safe);
    return made;
}

}  // namespace perilune
