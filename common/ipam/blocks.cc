#include "common/ipam/blocks.h"

#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/ipam/journal.h"

namespace catena::ipam {
namespace {

std::uint32_t checksum(std::uint32_t number, const Block& block) {
  const std::uint32_t crc = base::crc32c(&number, sizeof number);
  return base::crc32c(block.bytes.data() + sizeof crc, kBlockSize - sizeof crc, crc);
}

off_t offset_of(std::uint32_t number) {
  return static_cast<off_t>(number) * static_cast<off_t>(kBlockSize);
}

}  // namespace

Blocks Blocks::in_memory(std::uint32_t count) {
  Blocks blocks;
  blocks.count_ = count;
  blocks.memory_.resize(count);
  return blocks;
}

base::Result<Blocks> Blocks::open(const std::string& path) {
  Blocks blocks;
  blocks.path_ = path;
  blocks.fd_.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat info {};
  if (!blocks.fd_.valid() || ::fstat(blocks.fd_.get(), &info) != 0) {
    return base::Error::from_errno(errno, "open " + path);
  }
  blocks.count_ = static_cast<std::uint32_t>(info.st_size / static_cast<off_t>(kBlockSize));
  return blocks;
}

base::Error Blocks::damage(const std::string& what) {
  damaged_ = true;
  return {base::ErrorKind::kUndecodable, path_ + " is damaged: " + what};
}

base::Result<const Block*> Blocks::read(std::uint32_t number) {
  if (number >= count_) {
    return damage("it has no block " + std::to_string(number));
  }
  if (!on_disk()) {
    return &memory_[number];
  }
  std::unique_ptr<Cached>& cached = cache_[number];
  if (cached == nullptr) {
    cached = std::make_unique<Cached>();
    const ssize_t got =
        ::pread(fd_.get(), cached->block.bytes.data(), kBlockSize, offset_of(number));
    if (got != static_cast<ssize_t>(kBlockSize) ||
        cached->block.header.crc != checksum(number, cached->block)) {
      cached.reset();
      return damage("block " + std::to_string(number));
    }
  }
  const Block* block = &cached->block;
  return block;
}

base::Result<Block*> Blocks::edit(std::uint32_t number) {
  changed_ = true;
  if (!on_disk() && number < count_) {
    return &memory_[number];
  }
  TRY(read(number));
  Cached& cached = *cache_[number];
  cached.edited = true;
  return &cached.block;
}

Block* Blocks::fresh(std::uint32_t number) {
  assert(number < count_);
  changed_ = true;
  if (!on_disk()) {
    memory_[number] = Block{};
    return &memory_[number];
  }
  std::unique_ptr<Cached>& cached = cache_[number];
  if (cached == nullptr) {
    cached = std::make_unique<Cached>();
  }
  cached->block = Block{};
  cached->edited = true;
  return &cached->block;
}

base::Status Blocks::write(std::uint32_t number, Block& block) const {
  block.header.crc = checksum(number, block);
  const ssize_t wrote = ::pwrite(fd_.get(), block.bytes.data(), kBlockSize, offset_of(number));
  if (wrote != static_cast<ssize_t>(kBlockSize)) {
    return write_error(wrote < 0 ? errno : ENOSPC, "write " + path_);
  }
  return {};
}

base::Status Blocks::flush() {
  assert(on_disk());
  Block& header = *TRY(edit(0));
  header.header.dirty = 1;
  TRY(write(0, header));
  for (auto& [number, cached] : cache_) {
    if (number != 0 && cached->edited) {
      TRY(write(number, cached->block));
      cached->edited = false;
    }
  }
  header.header.dirty = 0;
  TRY(write(0, header));
  changed_ = false;
  return {};
}

base::Status Blocks::save(const std::string& path) {
  assert(!on_disk());
  const std::string beside = path + ".new";
  const base::UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return write_error(errno, "open " + beside);
  }
  // Space for every block now, so that none is missing when one is written later.
  int failed = ::posix_fallocate(fd.get(), 0, offset_of(count_));
  for (std::uint32_t number = 0; number < count_; ++number) {
    memory_[number].header.crc = checksum(number, memory_[number]);
  }
  const auto* data = reinterpret_cast<const char*>(memory_.data());
  std::size_t left = memory_.size() * kBlockSize;
  while (failed == 0 && left > 0) {
    const ssize_t wrote = ::write(fd.get(), data, left);
    if (wrote < 0 && errno != EINTR) {
      failed = errno;
    } else if (wrote > 0) {
      data += wrote;
      left -= static_cast<std::size_t>(wrote);
    }
  }
  if (failed == 0 && ::rename(beside.c_str(), path.c_str()) != 0) {
    failed = errno;
  }
  if (failed != 0) {
    ::unlink(beside.c_str());
    return write_error(failed, "write " + path);
  }
  return {};
}

}  // namespace catena::ipam
