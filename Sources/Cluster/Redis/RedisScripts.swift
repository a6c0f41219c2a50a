/// What has to happen in one step on the server, in its own language. docs/cluster.md shows the keys.

/// Numbers are passed as text: Lua counts in doubles, and `..` rounds above 1e14.
enum RedisScript: Int, CaseIterable {
    case join, append, claim, finish, greet

    var source: String {
        switch self {
        case .join: Self.joinSource
        case .append: Self.appendSource
        case .claim: Self.claimSource
        case .finish: Self.finishSource
        case .greet: Self.greetSource
        }
    }

    /// KEYS meta, log, writers, nodes; ARGV run, epoch, first record, next record, node, process, connection ("": it appends nothing).
    ///
    /// Whoever is going to append says so to all: its number must not be forgotten because it was silent before.
    ///
    /// HSET stands before whatever needs no memory: once a script has written, its server does not ask any more whether there is some.
    private static let joinSource = """
        local m = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'position', 'former')
        if not m[1] then
            redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'run', ARGV[1], 'position', '1', 'former', '')
            redis.call('DEL', KEYS[2], KEYS[3])
            redis.call('XADD', KEYS[2], '1-0', 'p', '', 'n', '0', 'b', ARGV[3])
        elseif m[2] ~= ARGV[1] then
            local next = string.format('%.0f', m[3] + 1)
            local former, count = m[1] .. ':' .. m[3], 1
            for word in string.gmatch(m[4], '%S+') do
                if count < 16 then former = former .. ' ' .. word end
                count = count + 1
            end
            redis.call('XADD', KEYS[2], next .. '-0', 'p', '', 'n', '0', 'b', ARGV[4])
            redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'run', ARGV[1], 'position', next, 'former', former)
        end
        local number = '0'
        local w = redis.call('HGET', KEYS[3], ARGV[5])
        if w then
            local process, n = string.match(w, '^(%S+) %S+ (%d+)$')
            if process == ARGV[6] then number = n end
        end
        if ARGV[7] ~= '' then
            redis.call('HSET', KEYS[3], ARGV[5], ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. number)
            local t = redis.call('TIME')
            local word = redis.call('HGET', KEYS[4], ARGV[5]) or ''
            redis.call('HSET', KEYS[4], ARGV[5], string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
                .. ' ' .. (string.match(word, '^%d+ (.*)$') or '{}'))
        end
        local h = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'former', 'checkpoint')
        return {h[1], h[2], h[3], h[4] or '', number}
        """

    /// KEYS meta, log, writers; ARGV epoch, node, process, connection, the last number, this number, record.
    private static let appendSource = """
        local m = redis.call('HMGET', KEYS[1], 'epoch', 'position')
        local writer = ARGV[3] .. ' ' .. ARGV[4] .. ' '
        if m[1] ~= ARGV[1] or redis.call('HGET', KEYS[3], ARGV[2]) ~= writer .. ARGV[5] then
            return redis.error_reply('TGSUPERSEDED another epoch or writer')
        end
        local position = string.format('%.0f', m[2] + 1)
        redis.call('XADD', KEYS[2], position .. '-0', 'p', ARGV[3], 'n', ARGV[6], 'b', ARGV[7])
        redis.call('HSET', KEYS[1], 'position', position)
        redis.call('HSET', KEYS[3], ARGV[2], writer .. ARGV[6])
        return position
        """

    /// KEYS meta, lock; ARGV node, milliseconds. Returns whether it is the node's turn, and the checkpoint that there is.
    private static let claimSource = """
        local checkpoint = redis.call('HGET', KEYS[1], 'checkpoint') or ''
        local owner = redis.call('GET', KEYS[2])
        if owner and owner ~= ARGV[1] then return {0, checkpoint} end
        redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
        return {1, checkpoint}
        """

    /// KEYS meta, log, lock, the new checkpoint; ARGV epoch, position, count, name, node, the prefix of checkpoints' keys.
    ///
    /// The checkpoint before is kept, for whoever is loading it, and so is the log behind it.
    private static let finishSource = """
        local m = redis.call('HMGET', KEYS[1], 'epoch', 'checkpoint', 'before')
        local last, name = string.match(m[2] or '', '^(%d+) %d+ (%S+)$')
        if m[1] ~= ARGV[1] or (last and tonumber(last) >= tonumber(ARGV[2]))
            or redis.call('LLEN', KEYS[4]) ~= tonumber(ARGV[3]) then
            return redis.error_reply('TGSUPERSEDED another epoch or writer')
        end
        redis.call('HSET', KEYS[1], 'checkpoint', ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4], 'before', name or '')
        redis.call('PERSIST', KEYS[4])
        if m[3] and m[3] ~= '' then redis.call('DEL', ARGV[6] .. m[3]) end
        if last then redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', last + 1) .. '-0') end
        if redis.call('GET', KEYS[3]) == ARGV[5] then redis.call('DEL', KEYS[3]) end
        return 'OK'
        """

    /// KEYS meta, nodes, writers, feeds; ARGV epoch, node, report, milliseconds after which a silent node is forgotten, holder,
    /// milliseconds of a lease, how many of the feeds are wanted: the first ones, and the others are let go.
    ///
    /// Times are the server's own: nodes' clocks may differ.
    private static let greetSource = """
        local m = redis.call('HMGET', KEYS[1], 'epoch', 'position')
        if m[1] ~= ARGV[1] then return redis.error_reply('TGSUPERSEDED another epoch or writer') end
        local words = redis.call('HGETALL', KEYS[2])
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', now) .. ' ' .. ARGV[3])
        for i = 1, #words, 2 do
            local said = tonumber(string.match(words[i + 1], '^(%d+) ')) or 0
            if words[i] ~= ARGV[2] and said + ARGV[4] <= now then
                redis.call('HDEL', KEYS[2], words[i])
                redis.call('HDEL', KEYS[3], words[i])
            end
        end
        local holders = {}
        for i = 4, #KEYS do
            local holder = redis.call('GET', KEYS[i])
            if i - 3 > tonumber(ARGV[7]) then
                if holder == ARGV[5] then redis.call('DEL', KEYS[i]) end
            else
                if not holder then
                    redis.call('SET', KEYS[i], ARGV[5], 'NX', 'PX', ARGV[6])
                elseif holder == ARGV[5] then
                    redis.call('PEXPIRE', KEYS[i], ARGV[6])
                end
                holders[i - 3] = holder or ARGV[5]
            end
        end
        return {string.format('%.0f', now), m[2], words, holders}
        """
}
