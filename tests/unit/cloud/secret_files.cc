#include "tests/unit/cloud/secret_files.h"

#include <cstdlib>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/base/utc.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/encode.h"

namespace catena::test {

std::string sealed(std::string_view plain, std::string_view keyring) {
  std::string out(16 + plain.size() + 16, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  RAND_bytes(bytes, 16);
  const EVP_CIPHER* cipher = keyring.size() == 32   ? EVP_aes_256_cbc()
                             : keyring.size() == 24 ? EVP_aes_192_cbc()
                                                    : EVP_aes_128_cbc();
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  int first = 0;
  int last = 0;
  EVP_EncryptInit_ex(context, cipher, nullptr,
                     reinterpret_cast<const unsigned char*>(keyring.data()), bytes);
  EVP_EncryptUpdate(context, bytes + 16, &first,
                    reinterpret_cast<const unsigned char*>(plain.data()),
                    static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(context, bytes + 16 + first, &last);
  EVP_CIPHER_CTX_free(context);
  out.resize(16 + static_cast<std::size_t>(first + last));
  return cloud::base64(out);
}

std::string addon_token(const cloud::Credentials& credentials, std::string_view keyring) {
  return nlohmann::json{{"access.key.id", sealed(credentials.key_id, keyring)},
                        {"access.key.secret", sealed(credentials.secret, keyring)},
                        {"security.token", sealed(credentials.token, keyring)},
                        {"expiration", base::utc_text(credentials.expiration.value())},
                        {"keyring", keyring}}
      .dump();
}

void write_file(const std::string& path, std::string_view text, unsigned mode) {
  const auto fd = base::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  ASSERT_TRUE(fd.ok()) << fd.error().message();
  ASSERT_EQ(::fchmod(fd->get(), mode), 0);
  ASSERT_TRUE(base::write_all(fd->get(), text, path).ok());
}

cloud::Credentials sts_set(int n, std::chrono::system_clock::time_point expiration) {
  const std::string number = std::to_string(n);
  return {"STS.id" + number, "Secret" + number, "Token" + number + "+/=", expiration};
}

std::string answer_with(const cloud::Credentials& credentials) {
  nlohmann::json answer{{"AccessKeyId", credentials.key_id},
                        {"AccessKeySecret", credentials.secret},
                        {"SecurityToken", credentials.token},
                        {"LastUpdated", "2026-01-01T00:00:00Z"},
                        {"Code", "Success"}};
  if (credentials.expiration) {
    answer["Expiration"] = base::utc_text(*credentials.expiration);
  }
  return answer.dump();
}

}  // namespace catena::test
