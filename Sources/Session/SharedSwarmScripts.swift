import Hashing
import TorrentModel

/// What is done to a swarm in Redis, each in one script and so in one round trip and at once.
///
/// All keys of a torrent have its info-hash between braces, so that a cluster keeps them together:
///
///     shoal:{HASH}:p           hash   compact endpoint → section, counted flag, peer id and key
///     shoal:{HASH}:m           hash   downloaded
///     shoal:{HASH}:id :ip :is  zsets  peer id and key → last heard of; downloaders, partial seeds, seeds
///     shoal:{HASH}:4d :4o      zsets  compact endpoint → last heard of; downloaders and others, IPv4
///     shoal:{HASH}:6d :6o      zsets  the same of IPv6
///
/// Peers are counted by who they are and handed out by where they are: one that announces over both
/// internets counts once. Time is the server's, so that the trackers' clocks need not agree. What
/// nobody announces is gone by itself.
enum SharedSwarmScripts {
  static func keys(of infoHash: InfoHash) -> [[UInt8]] {
    let prefix = "shoal:{\(infoHash)}:"
    return ["p", "m", "id", "ip", "is", "4d", "4o", "6d", "6o"].map { Array((prefix + $0).utf8) }
  }

  static let keyCount = "9"

  static func digest(_ script: String) -> String {
    Hexadecimal.encode(SHA1.hash(Array(script.utf8)).bytes)
  }

  /// Arguments: endpoint, peer id and key, section (`d`, `p`, `s`, or `-` for a farewell), family (`4`,
  /// `6`), lifetime in seconds, whether it completes, peers wanted, whether downloaders only, whether of
  /// both families, whether with peer ids, a number from 0 to 1 for chance, peers kept at most.
  ///
  /// Answer: seeds, partial seeds, downloaders, downloads, endpoints, peer ids.
  static let announce = """
    local call = redis.call
    local peers, counts = KEYS[1], KEYS[2]
    local ids = {d = KEYS[3], p = KEYS[4], s = KEYS[5]}
    local places = {['4d'] = KEYS[6], ['4o'] = KEYS[7], ['6d'] = KEYS[8], ['6o'] = KEYS[9]}
    local endpoint, identity, section, family = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
    local lifetime, completes, wanted = tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
    local choosy, both, named = ARGV[8] == '1', ARGV[9] == '1', ARGV[10] == '1'
    local chance, most = tonumber(ARGV[11]), tonumber(ARGV[12])
    local now = tonumber(call('TIME')[1])

    local function forget(key, isPlace)
      local gone = call('ZRANGEBYSCORE', key, '-inf', '(' .. (now - lifetime), 'LIMIT', 0, 100)
      if #gone == 0 then return end
      call('ZREM', key, unpack(gone))
      if isPlace then call('HDEL', peers, unpack(gone)) end
    end
    for _, key in pairs(ids) do forget(key, false) end
    for _, key in pairs(places) do forget(key, true) end

    local function place(of) return family .. (of == 'd' and 'd' or 'o') end
    local old = call('HGET', peers, endpoint)
    local before, counted, known
    if old then before, counted, known = old:sub(1, 1), old:sub(2, 2), old:sub(3) end
    if old and (section == '-' or known ~= identity) then
      for _, key in pairs(ids) do call('ZREM', key, known) end
    end
    if old and (section == '-' or place(before) ~= place(section)) then
      call('ZREM', places[place(before)], endpoint)
    end
    if section == '-' then
      if old then call('HDEL', peers, endpoint) end
    elseif old or call('HLEN', peers) < most then
      if completes and old and before ~= 's' and counted == '0' then
        counted = '1'
        call('HINCRBY', counts, 'downloaded', 1)
        call('EXPIRE', counts, 7776000)
      end
      if before ~= section or known ~= identity then
        for name, key in pairs(ids) do
          if name ~= section then call('ZREM', key, identity) end
        end
      end
      call('ZADD', ids[section], now, identity)
      call('ZADD', places[place(section)], now, endpoint)
      call('HSET', peers, endpoint, section .. (counted or '0') .. identity)
      for _, key in ipairs({peers, ids[section], places[place(section)]}) do
        call('EXPIRE', key, lifetime * 2)
      end
    end

    local found, names = {}, {}
    local function sample(of)
      local want = wanted - #found
      local eager = call('ZCARD', places[of .. 'd'])
      local others = choosy and 0 or call('ZCARD', places[of .. 'o'])
      if want < 1 or eager + others == 0 then return end
      local share, rest = want, want
      if eager + others > want then
        share = math.floor(want * eager / (eager + others) + chance)
        rest = want - share
      end
      -- One more of each, since one may be who asks.
      local drawn = call('ZRANDMEMBER', places[of .. 'd'], share + 1)
      if others > 0 then
        for _, peer in ipairs(call('ZRANDMEMBER', places[of .. 'o'], rest + 1)) do
          drawn[#drawn + 1] = peer
        end
      end
      if #drawn == 0 then return end
      local values = call('HMGET', peers, unpack(drawn))
      for index, peer in ipairs(drawn) do
        local value = values[index]
        if #found < wanted and peer ~= endpoint and value
          and value:sub(3, 22) ~= identity:sub(1, 20) then
          found[#found + 1] = peer
          if named then names[#names + 1] = value:sub(3, 22) end
        end
      end
    end
    if section ~= '-' then
      sample(family)
      if both then sample(family == '4' and '6' or '4') end
    end
    return {call('ZCARD', ids.s), call('ZCARD', ids.p), call('ZCARD', ids.d),
      tonumber(call('HGET', counts, 'downloaded') or '0'), found, names}
    """

  /// Answer: seeds, partial seeds, downloaders, downloads.
  static let scrape = """
    local call = redis.call
    return {call('ZCARD', KEYS[5]), call('ZCARD', KEYS[4]), call('ZCARD', KEYS[3]),
      tonumber(call('HGET', KEYS[2], 'downloaded') or '0')}
    """
}
