package org.edgernn.text

// Written by tests/conformance/code_points.py from edgernn/text; change it there.

/** The closed sets of code points that the text contract speaks of. */
internal object CodePoints {
    val APOSTROPHES: CodePointSet by lazy { CodePointSet(APOSTROPHES_RANGES) }
    val QUOTES: CodePointSet by lazy { CodePointSet(QUOTES_RANGES) }
    val UPPER: CodePointSet by lazy { CodePointSet(UPPER_RANGES) }
    val LOWER: CodePointSet by lazy { CodePointSet(LOWER_RANGES) }
    val SYMBOLS: CodePointSet by lazy { CodePointSet(SYMBOLS_RANGES) }
    val REGIONAL: CodePointSet by lazy { CodePointSet(REGIONAL_RANGES) }
    val MODIFIERS: CodePointSet by lazy { CodePointSet(MODIFIERS_RANGES) }
    val UNSPACED: CodePointSet by lazy { CodePointSet(UNSPACED_RANGES) }
    val UNSPACED_MARKS: CodePointSet by lazy { CodePointSet(UNSPACED_MARKS_RANGES) }
    val LETTERS: CodePointSet by lazy { CodePointSet(LETTERS_RANGES) }

    /** Code points by the names of character references; case counts. */
    val NAMES: Map<String, Int> by lazy {
        NAME_LINES.split(" ").associate {
            it.substringBefore("=") to it.substringAfter("=").toInt(16)
        }
    }

    /** What the numbers of control characters stand for in character references. */
    val WINDOWS_1252: Map<Int, Int> by lazy {
        WINDOWS_LINES.split(" ").associate {
            it.substringBefore("=").toInt(16) to it.substringAfter("=").toInt(16)
        }
    }

    private const val APOSTROPHES_RANGES =
            "00B4 02BC 2018-201B 2032 FF07"

    private const val QUOTES_RANGES =
            "00AB 00BB 201C-201F 2033 301D-301F FF02"

    private const val UPPER_RANGES =
            "0041-005A 00C0-00D6 00D8-00DE 0391-03A1 03A3-03AB 0400-042F"

    private const val LOWER_RANGES =
            "0061-007A 00DF-00F6 00F8-00FF 03AC-03CE 0430-045F"

    private const val SYMBOLS_RANGES =
            "203C 2049 2190-21FF 231A-231B 2328 23CF 23E9-23F3 23F8-23FA 25A0-2767 2794-27BF 2B00-2BFF 3030 " +
            "303D 3297 3299 1F000-1F0FF 1F10D-1F265 1F300-1FAFF"

    private const val REGIONAL_RANGES =
            "1F1E6-1F1FF"

    private const val MODIFIERS_RANGES =
            "1F3FB-1F3FF E0020-E007F"

    private const val UNSPACED_RANGES =
            "0E01-0E3A 0E40-0E4E 0E81-0EBD 0EC0-0ECE 0EDC-0EDF 1000-103F 1050-108F 109A-109D 1780-17D3 17D7 " +
            "17DC-17DD 3005-3007 3021-3029 3031-3035 3038-303C 3041-3096 3099-309A 309D-309F 30A1-30FA " +
            "30FC-30FF 31F0-31FF 3400-4DBF 4E00-9FFF A9E0-A9EF A9FA-A9FE AA60-AA7F F900-FAFF FF66-FF9F " +
            "1AFF0-1B16F 20000-3FFFD"

    private const val UNSPACED_MARKS_RANGES =
            "0E31 0E34-0E3A 0E47-0E4E 0EB1 0EB4-0EBC 0EC8-0ECE 102B-103E 1056-1059 105E-1060 1062-1064 " +
            "1067-106D 1071-1074 1082-108D 108F 109A-109D 17B4-17D3 17DD 3099-309A A9E5 AA7B-AA7D FF9E-FF9F"

    private const val LETTERS_RANGES =
            "0030-0039 0041-005A 0061-007A 00AA 00B2-00B3 00B5 00B9-00BA 00BC-00BE 00C0-00D6 00D8-00F6 " +
            "00F8-02C1 02C6-02D1 02E0-02E4 02EC 02EE 0300-0374 0376-037D 037F 0386 0388-03F5 03F7-0481 " +
            "0483-0487 048A-0559 0560-0588 0591-05BD 05BF 05C1-05C2 05C4-05C5 05C7-05F2 0610-061A 0620-0669 " +
            "066E-06D3 06D5-06DC 06DF-06E8 06EA-06FC 06FF 0710-07F5 07FA-07FD 0800-082D 0840-085B 0860-0887 " +
            "0889-088E 0898-08E1 08E3-0963 0966-096F 0971-09F1 09F4-09F9 09FC 09FE-0A75 0A81-0AEF 0AF9-0B6F " +
            "0B71-0BF2 0C00-0C6F 0C78-0C7E 0C80-0C83 0C85-0D4E 0D54-0D78 0D7A-0DF3 0E01-0E3A 0E40-0E4E " +
            "0E50-0E59 0E81-0F00 0F18-0F19 0F20-0F33 0F35 0F37 0F39 0F3E-0F84 0F86-0FBC 0FC6 1000-1049 " +
            "1050-109D 10A0-10FA 10FC-135F 1369-138F 13A0-13FD 1401-166C 166F-167F 1681-169A 16A0-16EA " +
            "16EE-1734 1740-17D3 17D7 17DC-17F9 1810-193B 1946-19DA 1A00-1A1B 1A20-1A99 1AA7 1AB0-1ABD " +
            "1ABF-1B59 1B6B-1B73 1B80-1BF3 1C00-1C37 1C40-1C7D 1C80-1CBF 1CD0-1CD2 1CD4-1FBC 1FBE 1FC2-1FCC " +
            "1FD0-1FDB 1FE0-1FEC 1FF2-1FFC 2070-2079 207F-2089 2090-209C 20D0-20DC 20E1 20E5-20F0 2102 2107 " +
            "210A-2113 2115 2119-211D 2124 2126 2128 212A-212D 212F-2139 213C-213F 2145-2149 214E 2150-2189 " +
            "2460-249B 24EA-24FF 2776-2793 2C00-2CE4 2CEB-2CF3 2CFD 2D00-2D6F 2D7F-2DFF 2E2F 3005-3007 " +
            "3021-302F 3031-3035 3038-303C 3041-309A 309D-309F 30A1-30FA 30FC-318E 3192-3195 31A0-31BF " +
            "31F0-31FF 3220-3229 3248-324F 3251-325F 3280-3289 32B1-32BF 3400-4DBF 4E00-A48C A4D0-A4FD " +
            "A500-A60C A610-A66F A674-A67D A67F-A6F1 A717-A71F A722-A788 A78B-A827 A82C-A835 A840-A873 " +
            "A880-A8C5 A8D0-A8F7 A8FB A8FD-A92D A930-A953 A960-A9C0 A9CF-A9D9 A9E0-AA59 AA60-AA76 AA7A-AADD " +
            "AAE0-AAEF AAF2-AB5A AB5C-AB69 AB70-ABEA ABEC-D7FB F900-FB28 FB2A-FBB1 FBD3-FD3D FD50-FDC7 " +
            "FDF0-FDFB FE20-FE2F FE70-FEFC FF10-FF19 FF21-FF3A FF41-FF5A FF66-FFDC 10000-100FA 10107-10133 " +
            "10140-10178 1018A-1018B 101FD 10280-1039D 103A0-103CF 103D1-10563 10570-10855 10858-10876 " +
            "10879-1091B 10920-10939 10980-10A48 10A60-10A7E 10A80-10AC7 10AC9-10AEF 10B00-10B35 10B40-10B91 " +
            "10BA9-10D39 10E60-10EAC 10EB0-10F54 10F70-10F85 10FB0-11046 11052-110BA 110C2 110D0-1113F " +
            "11144-11173 11176-111C4 111C9-111CC 111CE-111DA 111DC 111E1-11237 1123E-112A8 112B0-11374 " +
            "11400-1144A 11450-11459 1145E-114C5 114C7-114D9 11580-115C0 115D8-11640 11644-11659 11680-116B8 " +
            "116C0-1173B 11740-11746 11800-1183A 118A0-11943 11950-119E1 119E3-11A3E 11A47-11A99 11A9D " +
            "11AB0-11AF8 11C00-11C40 11C50-11C6C 11C72-11DA9 11EE0-11EF6 11FB0-11FD4 12000-1246E 12480-12543 " +
            "12F90-12FF0 13000-1342E 14400-14646 16800-16A69 16A70-16AF4 16B00-16B36 16B40-16B43 16B50-16B8F " +
            "16E40-16E96 16F00-16FE1 16FE3-18D08 1AFF0-1B2FB 1BC00-1BC99 1BC9D-1BC9E 1CF00-1CF46 1D165-1D169 " +
            "1D16D-1D172 1D17B-1D182 1D185-1D18B 1D1AA-1D1AD 1D242-1D244 1D2E0-1D2F3 1D360-1D378 1D400-1D6C0 " +
            "1D6C2-1D6DA 1D6DC-1D6FA 1D6FC-1D714 1D716-1D734 1D736-1D74E 1D750-1D76E 1D770-1D788 1D78A-1D7A8 " +
            "1D7AA-1D7C2 1D7C4-1D7FF 1DA00-1DA36 1DA3B-1DA6C 1DA75 1DA84 1DA9B-1DAAF 1DF00-1DF1E 1E000-1E02A " +
            "1E100-1E14E 1E290-1E2F9 1E7E0-1E959 1EC71-1ECAB 1ECAD-1ECAF 1ECB1-1ED2D 1ED2F-1ED3D 1EE00-1EEBB " +
            "1F100-1F10C 1FBF0-1FBF9 20000-2EBE0 2F800-2FA1D 30000-3134A"

    private const val NAME_LINES =
            "AElig=C6 Aacute=C1 Acirc=C2 Agrave=C0 Alpha=391 Aring=C5 Atilde=C3 Auml=C4 Beta=392 Ccedil=C7 " +
            "Chi=3A7 Dagger=2021 Delta=394 ETH=D0 Eacute=C9 Ecirc=CA Egrave=C8 Epsilon=395 Eta=397 Euml=CB " +
            "Gamma=393 Iacute=CD Icirc=CE Igrave=CC Iota=399 Iuml=CF Kappa=39A Lambda=39B Mu=39C Ntilde=D1 " +
            "Nu=39D OElig=152 Oacute=D3 Ocirc=D4 Ograve=D2 Omega=3A9 Omicron=39F Oslash=D8 Otilde=D5 Ouml=D6 " +
            "Phi=3A6 Pi=3A0 Prime=2033 Psi=3A8 Rho=3A1 Scaron=160 Sigma=3A3 THORN=DE Tau=3A4 Theta=398 " +
            "Uacute=DA Ucirc=DB Ugrave=D9 Upsilon=3A5 Uuml=DC Xi=39E Yacute=DD Yuml=178 Zeta=396 aacute=E1 " +
            "acirc=E2 acute=B4 aelig=E6 agrave=E0 alefsym=2135 alpha=3B1 amp=26 and=2227 ang=2220 apos=27 " +
            "aring=E5 asymp=2248 atilde=E3 auml=E4 bdquo=201E beta=3B2 brvbar=A6 bull=2022 cap=2229 ccedil=E7 " +
            "cedil=B8 cent=A2 chi=3C7 circ=2C6 clubs=2663 cong=2245 copy=A9 crarr=21B5 cup=222A curren=A4 " +
            "dArr=21D3 dagger=2020 darr=2193 deg=B0 delta=3B4 diams=2666 divide=F7 eacute=E9 ecirc=EA " +
            "egrave=E8 empty=2205 emsp=2003 ensp=2002 epsilon=3B5 equiv=2261 eta=3B7 eth=F0 euml=EB euro=20AC " +
            "exist=2203 fnof=192 forall=2200 frac12=BD frac14=BC frac34=BE frasl=2044 gamma=3B3 ge=2265 gt=3E " +
            "hArr=21D4 harr=2194 hearts=2665 hellip=2026 iacute=ED icirc=EE iexcl=A1 igrave=EC image=2111 " +
            "infin=221E int=222B iota=3B9 iquest=BF isin=2208 iuml=EF kappa=3BA lArr=21D0 lambda=3BB " +
            "lang=2329 laquo=AB larr=2190 lceil=2308 ldquo=201C le=2264 lfloor=230A lowast=2217 loz=25CA " +
            "lrm=200E lsaquo=2039 lsquo=2018 lt=3C macr=AF mdash=2014 micro=B5 middot=B7 minus=2212 mu=3BC " +
            "nabla=2207 nbsp=A0 ndash=2013 ne=2260 ni=220B not=AC notin=2209 nsub=2284 ntilde=F1 nu=3BD " +
            "oacute=F3 ocirc=F4 oelig=153 ograve=F2 oline=203E omega=3C9 omicron=3BF oplus=2295 or=2228 " +
            "ordf=AA ordm=BA oslash=F8 otilde=F5 otimes=2297 ouml=F6 para=B6 part=2202 permil=2030 perp=22A5 " +
            "phi=3C6 pi=3C0 piv=3D6 plusmn=B1 pound=A3 prime=2032 prod=220F prop=221D psi=3C8 quot=22 " +
            "rArr=21D2 radic=221A rang=232A raquo=BB rarr=2192 rceil=2309 rdquo=201D real=211C reg=AE " +
            "rfloor=230B rho=3C1 rlm=200F rsaquo=203A rsquo=2019 sbquo=201A scaron=161 sdot=22C5 sect=A7 " +
            "shy=AD sigma=3C3 sigmaf=3C2 sim=223C spades=2660 sub=2282 sube=2286 sum=2211 sup=2283 sup1=B9 " +
            "sup2=B2 sup3=B3 supe=2287 szlig=DF tau=3C4 there4=2234 theta=3B8 thetasym=3D1 thinsp=2009 " +
            "thorn=FE tilde=2DC times=D7 trade=2122 uArr=21D1 uacute=FA uarr=2191 ucirc=FB ugrave=F9 uml=A8 " +
            "upsih=3D2 upsilon=3C5 uuml=FC weierp=2118 xi=3BE yacute=FD yen=A5 yuml=FF zeta=3B6 zwj=200D " +
            "zwnj=200C"

    private const val WINDOWS_LINES =
            "80=20AC 82=201A 83=192 84=201E 85=2026 86=2020 87=2021 88=2C6 89=2030 8A=160 8B=2039 8C=152 " +
            "8E=17D 91=2018 92=2019 93=201C 94=201D 95=2022 96=2013 97=2014 98=2DC 99=2122 9A=161 9B=203A " +
            "9C=153 9E=17E 9F=178"
}
