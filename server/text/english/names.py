"""Lists of names that the dictionary lacks or reads in another sense: initialisms, product names, Chinese names.

All lists are matched regardless of case: `wifi` as well as `WIFI`.
"""

from server.text.english.dictionary import Phones

_INITIALISM_LIST = """
abc aed agi ai aigc amd api apk asr atm aws bbc bbq bgm bgp bim bmi bmw bp bpm btc byd cad catl cba cbd cbdc cbs
cctv cd cdn ceo cfo cia cli cms cnbc cnn cny coo cpa cpi cpu crm css csv ct cto cv db dba ddos ddr dhcp dhl diy dj
dji dlc dna dns doi dpi dvd ecg eda eeg emba ems eps erp esg eta etf eth ev faq fbi fda fps ftp gb gdp gmat gmp gmv
gps gpt gpu gre grpc gta hbo hdmi hiv hkd hp hpv hr html http https ibm icbc ico icu id idc ide im imf io ioc ios
iot ip ipo ipv iq isbn isp jd jdk jpg js jsp jvm kfc kol kpi ktv lcd ldap led llm lng lol lp lte lv mb mba mbti mc
mcn mcp mcu md mit mp mpv mq mri msn mtv mv mvp nba nbc nfc nft ngo nlp npc npm npu ntp nvm oa ocd ocr oem okr ol
oled os ota otc otg pc pcb pcr pdf pe phd php pid pk plc pm pmi png pos ppi ppp ppt pr prd ps psp pua pvc pvp pwm qa
qc qos qps qq qr rfid rgb rmb rna roi rpc rpg rpm rss rtc rtf rtmp rtx sap sci sdk seo sh sku sla smic sms smtp snmp
sop sos sps spss sql srt ssd sse ssh ssl ssr st suv svg svip tb tcl tcp tf tft tls tnt tpu tsmc ttl tts tv tvb txt
uat uav ucla udid udp ufo ugc ui uk un ups url usa usb usd utc utf uuid uv ux vat vc vcr vga vip vm voa voip vpn vps
vr vs wms wpa wps wto wwe www xls xlsx xml xp yml yyds zte
"""
INITIALISMS = frozenset(_INITIALISM_LIST.split())
"""Read letter by letter, in small letters too."""

_SHORT_WORD_LIST = """
all and app as be big boy bug but buy by can car cat cos cut day do dog dos edge fan fit for fun gap get gif go he
her hi his hot how if in is job key lab lan log man map max me mix my new no not now of off old on one or our out
pin pop pro ram rap red rom run see set she sim so spa sun tag the to too top two up wan was we web why win with yes
you your
"""
SHORT_WORDS = frozenset(_SHORT_WORD_LIST.split())
"""Read as words in capitals too. Other tokens of up to three capitals are spelled out: US, IT, AM, WHO."""

_COMPOUND_LIST = """
air-pods app-store auto-CAD chat-GLM chat-GPT cloud-flare code-X deep-mind deep-seek e-SIM face-time front-end
git-lab i-OS ipad-OS java-script lang-chain mac-OS mid-journey mongo-DB my-SQL no-SQL one-plus open-AI open-CV
open-GL power-shell robo-taxi smart-TV spring-boot type-script web-GL web-RTC web-socket word-press
"""
COMPOUND_NAMES = {name.replace("-", "").lower(): tuple(name.split("-")) for name in _COMPOUND_LIST.split()}
"""Several words written as one. Parts in capitals are spelled out."""

PRONUNCIATIONS: dict[str, Phones] = {
    word: tuple(phones.split())
    for word, phones in {
        "airbnb": "eh1 r b iy ah n b iy", "alipay": "aa1 l iy p ey", "ascii": "ae1 s k iy", "async": "ey1 s ih ng k",
        "bilibili": "b iy1 l iy b iy l iy", "carrefour": "k eh1 r ah f ao r", "celsius": "s eh1 l s iy ah s",
        "cmd": "k ah m ae1 n d", "codec": "k ow1 d eh k", "cortana": "k ao r t ae1 n ah", "cosplay": "k aa1 s p l ey",
        "cuda": "k uw1 d ah", "dr": "d aa1 k t er", "elasticsearch": "ih l ae1 s t ih k s er ch",
        "emoji": "ih m ow1 jh iy", "ethereum": "ih th ih1 r iy ah m", "exe": "eh1 k s iy", "fi": "f ay1",
        "fintech": "f ih1 n t eh k", "fortnite": "f ao1 r t n ay t", "gan": "g ae1 n", "ghz": "g ih1 g ah hh er t s",
        "gif": "g ih1 f", "git": "g ih1 t", "github": "g ih1 t hh ah b", "golang": "g ow1 l ae ng", "grok": "g r aa1 k",
        "hifi": "hh ay1 f ay", "iaas": "ay1 ae s", "ielts": "ay1 eh l t s", "imac": "ay1 m ae k", "iqoo": "ay1 k uw",
        "json": "jh ey1 s ah n", "jupyter": "jh uw1 p ih t er", "kanban": "k aa1 n b aa n", "keras": "k eh1 r ah s",
        "khz": "k ih1 l ah hh er t s", "kubernetes": "k uw b er n eh1 t iy z", "latex": "l ey1 t eh k",
        "lazada": "l ah z aa1 d ah", "lenovo": "l ah n ow1 v ow", "lidar": "l ay1 d aa r",
        "linkedin": "l ih1 ng k t ih n", "logitech": "l aa1 jh ih t eh k", "metaverse": "m eh1 t ah v er s",
        "mhz": "m eh1 g ah hh er t s", "mlops": "eh m eh l aa1 p s", "moba": "m ow1 b ah", "mobike": "m ow1 b ay k",
        "mongo": "m aa1 ng g ow", "nasdaq": "n ae1 z d ae k", "nginx": "eh n jh ih n eh1 k s", "nio": "n iy1 ow",
        "numpy": "n ah1 m p ay", "oauth": "ow1 ao th", "ofo": "ow1 f ow", "ok": "ow k ey1", "onnx": "aa1 n ih k s",
        "oppo": "aa1 p ow", "otaku": "ow t aa1 k uw", "paas": "p ae1 s", "pandas": "p ae1 n d ah z",
        "postgres": "p ow1 s t g r eh s", "postgresql": "p ow1 s t g r eh s k y uw eh l", "py": "p ay1",
        "pytorch": "p ay1 t ao r ch", "qwen": "k w eh1 n", "razer": "r ey1 z er", "realme": "r iy1 l m iy",
        "redis": "r eh1 d ih s", "roblox": "r ow1 b l aa k s", "saas": "s ae1 s", "scipy": "s ay1 p ay",
        "scrum": "s k r ah1 m", "shein": "sh iy1 ih n", "shopee": "sh aa1 p iy", "sora": "s ao1 r ah",
        "sqlite": "eh s k y uw eh1 l ay t", "sudo": "s uw1 d uw", "temu": "t iy1 m uw",
        "tensorflow": "t eh1 n s er f l ow", "tiktok": "t ih1 k t aa k", "tmall": "t iy1 m ao l",
        "toefl": "t ow1 f ah l", "unesco": "y uw n eh1 s k ow", "unicef": "y uw1 n ih s eh f",
        "uniqlo": "y uw1 n ih k l ow", "vite": "v iy1 t", "vivo": "v iy1 v ow", "vlog": "v l aa1 g", "vue": "v y uw1",
        "wechat": "w iy1 ch ae t", "wi": "w ay1", "wifi": "w ay1 f ay", "xbox": "eh1 k s b aa k s",
        "xcode": "eh1 k s k ow d", "xpeng": "eh1 k s p ah ng", "yaml": "y ae1 m ah l", "youtube": "y uw1 t uw b",
    }.items()
}  # fmt: skip
"""Read as one word, with these phones."""

_CHINESE_NAME_LIST = """
a1 li3 ba1 ba1|bai3 du4|bei3 jing1|chang2 an1|chong2 qing4|di1 di1|dou4 ban4|dou3 yin1|fei1 shu1|
guang3 zhou1|hai3 er3|hang2 zhou1|hua2 wei2|hong2 meng2|ji2 li4|jing1 dong1|kuai4 shou3|mei3 di4|
mei3 tuan2|nan2 jing1|ping2 an1|pin1 duo1 duo1|qing1 dao3|shang4 hai3|shen1 zhen4|su1 zhou1|tao2 bao3|
tian1 jin1|wei1 bo2|wei1 xin4|wu3 han4|xi1 an1|xia4 men2|xiao3 hong2 shu1|xiao3 mi3|xie2 cheng2|xin1 hua2|
zhi1 hu1|zhi1 fu4 bao3|zhong1 guo2|zhong1 xing1|zi4 jie2
"""
CHINESE_NAMES = {
    "".join(syllable[:-1] for syllable in name.split()): tuple(name.split())
    for name in _CHINESE_NAME_LIST.replace("\n", "").split("|")
}
"""Read in Mandarin. Only listed names are, because the letters do not give the tones."""
