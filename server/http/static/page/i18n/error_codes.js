// Errors of the server by their code (docs/errors.md). In English its own words are shown, which say more.

/** @type {Readonly<Record<string, string>>} */
const CHINESE = {
  invalid_json: "请求不是 JSON。",
  invalid_query: "网址里的参数读不了。",
  unreadable_body: "请求的内容和它的声明不符。",
  unreadable_request: "请求不是 HTTP/1.1。",
  missing_field: "缺少必填的内容。",
  unknown_field: "请求里有服务器不认识的设置；页面可能比服务器新，请刷新页面。",
  invalid_value: "有一项设置不在允许的范围内。",
  empty_input: "没有文字。",
  invalid_input: "文字里有不能读的控制字符，请删掉。",
  invalid_ssml: "SSML 写得不对",
  invalid_mark: "文字里的标记写得不对",
  invalid_encoding: "文件不是认识的文字编码，请存成 UTF-8。",
  invalid_subtitles: "字幕写得不对",
  input_too_long: "文字太长，请分成几次，或用“批量”。",
  nothing_to_speak: "没有能读出来的内容，请至少写一个汉字、字母或数字。",
  unsupported_language: "这个声音不会读文字里的语言，请换一个声音，或写成中文。",
  unknown_phone: "这个声音不会读其中一个音，请换一个声音或换一种读音。",
  different_rates: "文字里的几个声音采样率不同，不能放在一起。",
  unknown_voice: "没有这个声音，请另选一个。",
  unknown_speaker: "这个声音没有这位发音人，请另选一位。",
  unknown_emotion: "这个声音没有学过这种情感，请另选一种。",
  unknown_response_format: "没有这种音频格式。",
  unknown_format: "没有这种时间戳格式。",
  unknown_reference: "参考录音已经不在了，请重新添加。",
  consent_missing: "缺少说话人的授权说明。",
  unsupported_audio: "这不是能读的录音，请用 WAV、MP3、FLAC、M4A、Ogg 或 WebM。",
  unreadable_audio: "录音文件损坏了，请重新录制或转换。",
  audio_too_large: "录音文件太大，请剪短或压缩。",
  audio_too_long: "录音太长，请剪到 3 到 10 秒。",
  audio_too_short: "录音里说话不到 1 秒，请录 3 到 10 秒。",
  no_speech: "录音里没有听到说话声，请靠近话筒。",
  wrong_embedding: "这个声音的音色编码器与它不配套，需要管理员重新转换。",
  poor_alignment: "学“韵律”时，录音说的必须是这段文字；请填写“录音里说的话”，或取消勾选“韵律”。",
  references_disabled: "这台服务器不接受录音。",
  invalid_api_key: "密钥不对、已停用或已过期。",
  missing_right: "这个密钥没有需要的权限。",
  voice_not_allowed: "这个密钥不能用这个声音，请另选一个。",
  origin_not_allowed: "服务器不接受从这个网址打开的页面。",
  not_found: "服务器没有这个地址；页面可能比服务器新，请刷新页面。",
  model_not_found: "没有这个模型。",
  voice_not_found: "没有这个声音。",
  conversion_not_found: "没有这次转换，或者早已结束。",
  job_not_found: "没有这个任务，或者已经删除。",
  reference_not_found: "没有这段录音，或者已经过期。",
  method_not_allowed: "这个地址不支持这种请求；请刷新页面。",
  request_timeout: "上传得太慢，服务器没有等完；请再试一次。",
  client_stalled: "太久没有接收，服务器停止了合成；请再试一次。",
  voice_exists: "已经有同名的声音；请换个名称，或勾选“替换同名的声音”。",
  default_voice: "默认的声音不能移除；请先在 config.yaml 里换一个（models.default_voice）。",
  models_read_only: "放声音的文件夹不能写入。",
  idempotency_key_reused: "这个请求与之前的一个混淆了，请再试一次。",
  job_has_no_result: "任务还没有做完。",
  too_many_references: "录音存满了，请先删掉一段。",
  result_expired: "结果已过期删除，请重新做一次。",
  request_entity_too_large: "内容太大，请分成几次。",
  unsupported_media_type: "服务器不接受这种文件。",
  range_not_satisfiable: "文件没有这么长。",
  upgrade_required: "这个地址只接受 WebSocket。",
  too_many_streams: "服务器正忙，没有空位，请稍后再试。",
  insufficient_quota: "这个密钥今天的字数用完了，明天再来。",
  too_many_conversions: "排队的转换太多，请稍后再试。",
  key_stream_limit: "这个密钥同时合成的路数满了，请等一路结束。",
  address_stream_limit: "这个网络地址同时合成的路数满了，请等一路结束。",
  too_many_jobs: "没做完的任务太多，请等一个做完或删掉一个。",
  too_many_recordings: "正在处理的录音太多，请稍后再试。",
  synthesis_failed: "合成失败，请再试一次；再失败请看服务器的日志。",
  internal_error: "服务器内部出错，请看服务器的日志。",
  service_unavailable: "声音还在加载，或者没有可用的声音。",
  broken_voice: "这个声音坏了，请另选一个。",
  voice_not_loaded: "内存里放不下这个声音，请稍后再试。",
  too_many_connections: "服务器的连接满了，请关掉别的页面或稍后再试。",
  shutting_down: "服务器正在停止，请稍后再试。",
  converter_missing: "服务器没有安装转换工具。",
  models_folder_missing: "放声音的文件夹不见了。",
  references_missing: "服务器没有安装读录音的库。",
  storage_unavailable: "任务和录音暂时保存不了，请告诉管理员。",
  storage_full: "服务器的磁盘满了，请删掉做完的任务。",
};

/** @type {(code: string, message: string) => string | null} */
function chinese(code, message) {
  if (!Object.hasOwn(CHINESE, code)) return null;
  const words = CHINESE[code];
  if (words.endsWith("。")) return words;
  const [, line, column] = /\bline (\d+)(?:, column (\d+))?/.exec(message) ?? [];
  const place = line ? `：第 ${line} 行${column ? `第 ${column} 个字符` : ""}` : "";
  return `${words}${place}。`;
}

export const errorCodes = {
  zh: {
    known: chinese,
    original: "服务器的原话",
  },
  en: {
    /** @type {typeof chinese} */
    known: () => null,
    original: "In the words of the server",
  },
};
