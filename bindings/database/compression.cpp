// The one file that adapts zstd and zlib.
#include "bindings/database/compression.h"

#include <stdexcept>

#include <zlib.h>
#include <zstd.h>

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 17;
constexpr int zstd_level = 3;
constexpr int gzip_level = 6;
constexpr int gzip_window = 15 + 16;  // zlib's way to ask for gzip's framing.

Error damaged(const std::string& how) {
    return fail("damaged_stream", "The compressed stream is damaged: " + how + ".");
}

Error broken(const char* what) {
    return fail("compression_failed", std::string("Compressing failed: ") + what + ".");
}

class Plain final : public Packer, public Unpacker {
public:
    explicit Plain(Packer::Take take) : take_(std::move(take)) {}
    Status write(std::string_view bytes) override { return take_(bytes); }
    Status finish() override { return Done{}; }

private:
    Packer::Take take_;
};

class ZstdPacker final : public Packer {
public:
    explicit ZstdPacker(Take take) : take_(std::move(take)), context_(ZSTD_createCCtx()) {
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, zstd_level);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
    }
    ~ZstdPacker() override { ZSTD_freeCCtx(context_); }
    Status write(std::string_view bytes) override { return drive(bytes, ZSTD_e_continue); }
    Status finish() override { return drive({}, ZSTD_e_end); }

private:
    Status drive(std::string_view bytes, ZSTD_EndDirective directive) {
        ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
            const std::size_t left = ZSTD_compressStream2(context_, &output, &input, directive);
            if (ZSTD_isError(left)) return broken(ZSTD_getErrorName(left));
            if (output.pos > 0)
                if (const auto taken = take_({piece_.data(), output.pos}); !taken) return taken;
            const bool ended = directive == ZSTD_e_end ? left == 0 : input.pos == input.size;
            if (ended) return Done{};
        }
    }

    Take take_;
    ZSTD_CCtx* context_;
    std::string piece_ = std::string(piece_bytes, '\0');
};

class ZstdUnpacker final : public Unpacker {
public:
    explicit ZstdUnpacker(Take take) : take_(std::move(take)), context_(ZSTD_createDCtx()) {}
    ~ZstdUnpacker() override { ZSTD_freeDCtx(context_); }

    Status write(std::string_view packed) override {
        ZSTD_inBuffer input{packed.data(), packed.size(), 0};
        // A full piece means that there may be more, also where all input was taken.
        for (bool more = false; input.pos < input.size || (more && !ended_);) {
            if (ended_) return damaged("there are bytes after its end");
            ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
            const std::size_t left = ZSTD_decompressStream(context_, &output, &input);
            if (ZSTD_isError(left)) return damaged(ZSTD_getErrorName(left));
            if (output.pos > 0)
                if (const auto taken = take_({piece_.data(), output.pos}); !taken) return taken;
            ended_ = left == 0;
            more = output.pos == output.size;
        }
        return Done{};
    }

    Status finish() override {
        if (!ended_) return damaged("it was cut off");
        return Done{};
    }

private:
    Take take_;
    ZSTD_DCtx* context_;
    bool ended_ = false;
    std::string piece_ = std::string(piece_bytes, '\0');
};

Bytef* bytes_of(std::string_view text) {
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
}

class GzipPacker final : public Packer {
public:
    explicit GzipPacker(Take take) : take_(std::move(take)) {
        if (deflateInit2(&stream_, gzip_level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) !=
            Z_OK)
            throw std::bad_alloc();
    }
    ~GzipPacker() override { deflateEnd(&stream_); }
    Status write(std::string_view bytes) override { return drive(bytes, Z_NO_FLUSH); }
    Status finish() override { return drive({}, Z_FINISH); }

private:
    Status drive(std::string_view bytes, int flush) {
        stream_.next_in = bytes_of(bytes);
        stream_.avail_in = static_cast<uInt>(bytes.size());
        for (;;) {
            stream_.next_out = bytes_of(piece_);
            stream_.avail_out = static_cast<uInt>(piece_.size());
            const int code = deflate(&stream_, flush);
            if (code == Z_STREAM_ERROR) return broken("zlib refused its state");
            const std::size_t made = piece_.size() - stream_.avail_out;
            if (made > 0)
                if (const auto taken = take_({piece_.data(), made}); !taken) return taken;
            if (flush == Z_FINISH ? code == Z_STREAM_END : stream_.avail_out > 0) return Done{};
        }
    }

    Take take_;
    z_stream stream_{};
    std::string piece_ = std::string(piece_bytes, '\0');
};

class GzipUnpacker final : public Unpacker {
public:
    explicit GzipUnpacker(Take take) : take_(std::move(take)) {
        if (inflateInit2(&stream_, gzip_window) != Z_OK) throw std::bad_alloc();
    }
    ~GzipUnpacker() override { inflateEnd(&stream_); }

    Status write(std::string_view packed) override {
        stream_.next_in = bytes_of(packed);
        stream_.avail_in = static_cast<uInt>(packed.size());
        for (bool more = false; stream_.avail_in > 0 || (more && !ended_);) {
            if (ended_) return damaged("there are bytes after its end");
            stream_.next_out = bytes_of(piece_);
            stream_.avail_out = static_cast<uInt>(piece_.size());
            const int code = inflate(&stream_, Z_NO_FLUSH);
            if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
                return damaged(stream_.msg ? stream_.msg : "zlib could not read it");
            const std::size_t made = piece_.size() - stream_.avail_out;
            if (made > 0)
                if (const auto taken = take_({piece_.data(), made}); !taken) return taken;
            ended_ = code == Z_STREAM_END;
            more = stream_.avail_out == 0;
        }
        return Done{};
    }

    Status finish() override {
        if (!ended_) return damaged("it was cut off");
        return Done{};
    }

private:
    Take take_;
    z_stream stream_{};
    bool ended_ = false;
    std::string piece_ = std::string(piece_bytes, '\0');
};

}  // namespace

std::unique_ptr<Packer> Packer::make(const std::string& compression, Take take) {
    if (compression == "none") return std::make_unique<Plain>(std::move(take));
    if (compression == "zstd") return std::make_unique<ZstdPacker>(std::move(take));
    if (compression == "gzip") return std::make_unique<GzipPacker>(std::move(take));
    throw std::invalid_argument("no such compression: " + compression);
}

std::unique_ptr<Unpacker> Unpacker::make(const std::string& compression, Take take) {
    if (compression == "none") return std::make_unique<Plain>(std::move(take));
    if (compression == "zstd") return std::make_unique<ZstdUnpacker>(std::move(take));
    if (compression == "gzip") return std::make_unique<GzipUnpacker>(std::move(take));
    throw std::invalid_argument("no such compression: " + compression);
}

}  // namespace perilune
