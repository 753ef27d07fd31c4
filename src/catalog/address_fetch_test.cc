// Pulling by address, against a server that misbehaves.
#include "catalog/address_fetch.h"

#include <fcntl.h>
#include <sys/file.h>

#include <atomic>

#include "catalog/test_fixture.h"
#include "catalog/test_server.h"

namespace helicon::catalog {
namespace {

class AddressFetchTest : public CatalogFixture {
 protected:
  Result<std::filesystem::path> pull(const TestServer& server, std::stop_token stop = {}) const {
    return Catalog(options({AddressSource{server.address("/model.gguf")}}))
        .pull("tiny", {}, std::move(stop));
  }
  void expect_error(const TestServer& server, ErrorCode code, std::string_view words) const {
    const auto result = pull(server);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code);
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(target()));
  }
};

TEST_F(AddressFetchTest, FetchesAndReportsProgress) {
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  std::vector<Progress> reports;
  const Catalog catalog(options({AddressSource{server.address("/model.gguf")}}));
  const auto result = catalog.pull("tiny", [&](const Progress& progress) {
    reports.push_back(progress);
    reports.back().stage = {};  // lives only during the call
  });
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(*result, target());
  expect_installed();
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports.back().done, model_.size());
  for (const Progress& progress : reports) EXPECT_EQ(progress.total, model_.size());
}

TEST_F(AddressFetchTest, HubAddressesAreBuiltFromTheBase) {
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  Options of_hub = options({HubSource{"someone/Tiny-GGUF", "a1b2c3", "tiny-q4.gguf"}});
  of_hub.hub = server.address();
  ASSERT_TRUE(Catalog(of_hub).pull("tiny").ok());
  EXPECT_EQ(server.requests().at(0).target, "/someone/Tiny-GGUF/resolve/a1b2c3/tiny-q4.gguf");
  expect_installed();
}

TEST_F(AddressFetchTest, ADroppedConnectionIsTakenUpWhereItBroke) {
  std::atomic<int> calls = 0;
  const TestServer server([&](const TestRequest& request) {
    TestReply reply = serve_range(request, model_);
    if (++calls <= 4) reply.sent = 50'000;
    return reply;
  });
  const auto result = pull(server);
  ASSERT_TRUE(result.ok()) << result.error().message;
  expect_installed();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 5U);
  EXPECT_FALSE(requests[0].range);
  EXPECT_EQ(requests[1].range, 50'000U);
  EXPECT_EQ(requests[4].range, 200'000U);
}

TEST_F(AddressFetchTest, TheNextPullGoesOnWhereTheLastOneStopped) {
  std::atomic<bool> broken = true;
  const TestServer server([&](const TestRequest& request) -> TestReply {
    if (!broken) return serve_range(request, model_);
    if (request.range) return {.status = 404};
    return {.body = model_, .sent = 120'000};
  });
  expect_error(server, ErrorCode::network, "1 MB of 1 MB are kept");
  EXPECT_TRUE(read_file(partial()) == model_.substr(0, 120'000));
  broken = false;
  ASSERT_TRUE(pull(server).ok());
  EXPECT_EQ(server.requests().back().range, 120'000U);
  expect_installed();
}

TEST_F(AddressFetchTest, AServerWithoutRangesSendsAllAgain) {
  write_file(partial(), model_.substr(0, 1000));
  const TestServer server([&](const TestRequest&) { return TestReply{.body = model_}; });
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

TEST_F(AddressFetchTest, AnUnsatisfiableRangeStartsAnew) {
  write_file(partial(), model_.substr(0, 1000));
  const TestServer server([&](const TestRequest& request) -> TestReply {
    if (request.range) return {.status = 416};
    return {.body = model_};
  });
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

TEST_F(AddressFetchTest, ARangeOtherThanTheOneAskedForIsRefused) {
  write_file(partial(), model_.substr(0, 1000));
  const TestServer server([&](const TestRequest& request) {
    TestReply reply = serve_range(request, model_);
    reply.headers = "Content-Range: bytes 0-299999/300000\r\n";
    return reply;
  });
  expect_error(server, ErrorCode::network, "was asked for byte 1000 on");
}

TEST_F(AddressFetchTest, WhatAnEarlierPullLeftWrongIsFetchedAgain) {
  write_file(partial(), std::string(1000, 'x'));
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

TEST_F(AddressFetchTest, APartialLongerThanTheModelIsFetchedAgain) {
  write_file(partial(), model_ + model_);
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

TEST_F(AddressFetchTest, FollowsRedirections) {
  const TestServer server([&](const TestRequest& request) -> TestReply {
    if (request.target == "/model.gguf") {
      return {.status = 302, .headers = "Location: /elsewhere\r\n", .body = "see elsewhere"};
    }
    return serve_range(request, model_);
  });
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

TEST_F(AddressFetchTest, ARedirectionInCirclesEnds) {
  const TestServer server([](const TestRequest&) {
    return TestReply{.status = 302, .headers = "Location: /model.gguf\r\n"};
  });
  expect_error(server, ErrorCode::network, "redirects");
  expect_nothing();
}

TEST_F(AddressFetchTest, ARedirectionToAFileOnThisMachineIsRefused) {
  const auto secret = root_ / "secret";
  write_file(secret, model_);
  const TestServer server([&](const TestRequest&) {
    return TestReply{.status = 302, .headers = "Location: file://" + secret.string() + "\r\n"};
  });
  expect_error(server, ErrorCode::network, "http://127.0.0.1");
  expect_nothing();
}

TEST_F(AddressFetchTest, WrongBytesAreThrownAway) {
  std::string wrong = model_;
  wrong[150'000] ^= 1;
  const TestServer server([&](const TestRequest& request) { return serve_range(request, wrong); });
  expect_error(server, ErrorCode::checksum, sha256_of(wrong));
  expect_nothing();
}

TEST_F(AddressFetchTest, AFileOfAnotherSizeIsNotFetchedAtAll) {
  const TestServer server(
      [&](const TestRequest&) { return TestReply{.body = model_ + "and more"}; });
  expect_error(server, ErrorCode::checksum, "has 300008 bytes, not 300000");
  expect_nothing();
}

TEST_F(AddressFetchTest, ABodyThatRunsOnIsCutOff) {
  const TestServer server([&](const TestRequest&) {
    return TestReply{
        .headers = "Transfer-Encoding: chunked\r\n",
        .body = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", model_.size() + 4, model_ + "more")};
  });
  expect_error(server, ErrorCode::checksum, "more than 300000 bytes");
}

TEST_F(AddressFetchTest, AMissingFileIsNotAskedForTwice) {
  const TestServer server([](const TestRequest&) {
    return TestReply{.status = 404, .body = "<html>a page about the file not being there</html>"};
  });
  expect_error(server, ErrorCode::network, "404");
  EXPECT_EQ(server.requests().size(), 1U);
  expect_nothing();
}

TEST_F(AddressFetchTest, ABusyServerIsAskedAgain) {
  std::atomic<int> calls = 0;
  const TestServer server([&](const TestRequest& request) -> TestReply {
    if (++calls <= 2) return {.status = 503};
    return serve_range(request, model_);
  });
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

TEST_F(AddressFetchTest, AServerThatHangsIsLeft) {
  const TestServer server([&](const TestRequest& request) -> TestReply {
    if (request.range) return {.status = 404};
    return {.body = model_, .sent = 10'000, .hangs = true};
  });
  expect_error(server, ErrorCode::network, "404");
  EXPECT_EQ(server.requests().at(1).range, 10'000U);
}

TEST_F(AddressFetchTest, StoppingEndsAHangingTransferAndKeepsWhatCame) {
  std::stop_source stop;
  const TestServer server(
      [&](const TestRequest&) { return TestReply{.body = model_, .sent = 10'000, .hangs = true}; });
  Options patient = options({AddressSource{server.address("/model.gguf")}});
  patient.stall = std::chrono::seconds(60);
  const auto start = std::chrono::steady_clock::now();
  const auto result = Catalog(patient).pull(
      "tiny",
      [&](const Progress& progress) {
        if (progress.done > 0) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_TRUE(read_file(partial()) == model_.substr(0, 10'000));
}

TEST_F(AddressFetchTest, NobodyListening) {
  std::string nobody;
  {
    const TestServer server([](const TestRequest&) { return TestReply{}; });
    nobody = server.address("/model.gguf");
  }
  const auto result = Catalog(options({AddressSource{nobody}})).pull("tiny");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::network);
  EXPECT_NE(result.error().message.find(nobody), std::string::npos) << result.error().message;
  expect_nothing();
}

TEST_F(AddressFetchTest, OtherProtocolsAreRefused) {
  const auto file = root_ / "model";
  write_file(file, model_);
  const auto result = Catalog(options({AddressSource{"file://" + file.string()}})).pull("tiny");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::network);
  expect_nothing();
}

TEST_F(AddressFetchTest, TheSecondSourceServesWhereTheFirstFails) {
  const TestServer bad([](const TestRequest&) { return TestReply{.status = 404}; });
  const TestServer good([&](const TestRequest& request) { return serve_range(request, model_); });
  const Catalog catalog(options({AddressSource{bad.address("/a")}, AddressSource{good.address()}}));
  ASSERT_TRUE(catalog.pull("tiny").ok());
  expect_installed();
}

TEST_F(AddressFetchTest, WhereAllSourcesFailEachSaysWhy) {
  const TestServer first([](const TestRequest&) { return TestReply{.status = 404}; });
  const TestServer second([](const TestRequest&) { return TestReply{.status = 403}; });
  const Catalog catalog(
      options({AddressSource{first.address("/a")}, AddressSource{second.address("/b")}}));
  const auto result = catalog.pull("tiny");
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("404"), std::string::npos);
  EXPECT_NE(result.error().message.find("403"), std::string::npos);
}

TEST_F(AddressFetchTest, TooLittleSpaceIsRefusedBeforeAnythingIsAskedFor) {
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  Options full = options({AddressSource{server.address()}});
  full.free_bytes = [](const auto&) -> Result<std::uint64_t> { return 299'999U; };
  const auto result = Catalog(full).pull("tiny");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::no_space);
  EXPECT_EQ(server.requests().size(), 0U);
  expect_nothing();
}

// /dev/full is a disk on which every write fails for want of space.
TEST_F(AddressFetchTest, ADiskThatFillsUpEndsThePull) {
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  std::filesystem::create_symlink("/dev/full", partial());
  expect_error(server, ErrorCode::no_space, "No space left on device");
}

TEST_F(AddressFetchTest, TwoPullsOfOneModelDoNotMix) {
  const TestServer server([&](const TestRequest& request) { return serve_range(request, model_); });
  const int other = open(partial().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  expect_error(server, ErrorCode::overloaded, "another pull");
  EXPECT_EQ(server.requests().size(), 0U);
  close(other);
  ASSERT_TRUE(pull(server).ok());
  expect_installed();
}

}  // namespace
}  // namespace helicon::catalog
