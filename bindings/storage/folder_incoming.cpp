#include "bindings/storage/folder_incoming.h"

#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings/storage/folder_history.h"
#include "bindings/storage/object_key.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

const std::string incoming_folder = std::string(hidden_folder) + "/incoming";
constexpr std::size_t piece_bytes = 1 << 20;

Error failure(const std::string& doing, int error) {
    return fail("file_failed", doing + " an object's temporary file in " + incoming_folder + ": " +
                                   std::strerror(error) + ". The object is as it was.");
}

}  // namespace

Result<std::unique_ptr<Incoming>> Incoming::start(int root) {
    Opened folder = make_folder_beneath(root, incoming_folder);
    if (!folder.ok()) return failure("Making the folder of", folder.error);
    std::unique_ptr<Incoming> made(new Incoming);
    made->name_ = to_hex(random_bytes(12));
    // No rest of the process's umask may make objects private that were readable before.
    Opened file = open_beneath(folder.file.get(), made->name_, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (!file.ok()) return failure("Making", file.error);
    made->folder_ = std::move(folder.file);
    made->file_ = std::move(file.file);
    return made;
}

Incoming::~Incoming() {
    if (!name_.empty() && folder_.open()) ::unlinkat(folder_.get(), name_.c_str(), 0);
}

Status Incoming::write(std::string_view bytes) {
    digest_.add(bytes);
    size_bytes_ += static_cast<double>(bytes.size());
    if (const int error = write_all(file_.get(), bytes)) return failure("Writing", error);
    return Done{};
}

Status Incoming::write_from(int file) {
    std::string piece(piece_bytes, '\0');
    for (;;) {
        const auto got = ::read(file, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("Copying into", errno);
        if (got == 0) return Done{};
        const auto written = write(std::string_view(piece).substr(0, static_cast<size_t>(got)));
        if (!written) return written;
    }
}

Status Incoming::finish() {
    if (::fsync(file_.get()) != 0) return failure("Flushing", errno);
    digest_text_ = to_hex(digest_.finish());
    return Done{};
}

int Incoming::move_to(int folder, const std::string& name) {
    if (::renameat(folder_.get(), name_.c_str(), folder, name.c_str()) != 0) return errno;
    name_.clear();
    return 0;
}

Result<double> sweep_incoming(int root, double older_than_s, Sweep sweep) {
    Opened folder = open_beneath(root, incoming_folder, O_RDONLY | O_DIRECTORY);
    if (folder.error == ENOENT || folder.error == ENOTDIR) return 0.0;
    if (!folder.ok()) return failure("Listing", folder.error);
    Opened listed = open_beneath(folder.file.get(), "", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(listed.file.get()), ::closedir);
    if (!stream) return failure("Listing", errno);
    listed.file.release();
    const double now_s = wall_now_s();
    double swept = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        struct stat info {};
        if (::fstatat(folder.file.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISREG(info.st_mode) || now_s - modified_s(info) < older_than_s) continue;
        if (sweep == Sweep::remove && ::unlinkat(folder.file.get(), entry->d_name, 0) != 0)
            return failure("Removing", errno);
        swept += 1;
    }
    return swept;
}

}  // namespace perilune
