import { getCountries } from "libphonenumber-js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { countryCode } from "./countries.ts";

const test = suite("countries");

/** Each alpha-3 code of ISO 3166-1 with the alpha-2 code behind it. */
const ALPHA_3 = `
    ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATGAG AUSAU AUTAT AZEAZ
    BDIBI BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB
    BRNBN BTNBT BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM
    CPVCV CRICR CUBCU CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER
    ESHEH ESPES ESTEE ETHET FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN
    GLPGP GMBGM GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HNDHN HRVHR HTIHT HUNHU
    IDNID IMNIM INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG
    KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO
    MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR
    MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR
    NZLNZ OMNOM PAKPK PANPA PERPE PHLPH PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA
    REURE ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM
    SRBRS SSDSS STPST SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK
    TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA URYUY USAUS UZBUZ VATVA VCTVC
    VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW
`
  .trim()
  .split(/\s+/);

/** What else is written for them. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  AE: ["uae"],
  BN: ["brunei darussalam"],
  BO: ["bolivia plurinational state of"],
  CD: ["congo the democratic republic of the", "democratic republic of the congo"],
  CG: ["congo", "republic of the congo"],
  CI: ["ivory coast"],
  CV: ["cabo verde"],
  CZ: ["czech republic"],
  FM: ["micronesia federated states of"],
  GB: ["uk", "great britain", "england", "scotland", "wales", "northern ireland"],
  HK: ["hong kong"],
  IE: ["republic of ireland"],
  IR: ["iran islamic republic of"],
  KP: ["korea democratic people's republic of"],
  KR: ["korea", "korea republic of", "republic of korea"],
  LA: ["lao people's democratic republic"],
  MD: ["moldova republic of"],
  MK: ["macedonia"],
  MM: ["burma"],
  MO: ["macao", "macau"],
  NL: ["holland"],
  PS: ["palestine", "palestine state of"],
  RU: ["russian federation"],
  SY: ["syrian arab republic"],
  SZ: ["swaziland"],
  TL: ["east timor"],
  TR: ["turkey"],
  TW: ["taiwan province of china"],
  TZ: ["tanzania united republic of"],
  US: ["usa", "united states of america", "america"],
  VA: ["holy see"],
  VE: ["venezuela bolivarian republic of"],
  VN: ["viet nam"],
};

test("every country is known by its two letters, in any case", () => {
  for (const code of getCountries()) {
    assert.is(countryCode(code), code);
    assert.is(countryCode(` ${code.toLowerCase()} `), code);
  }
});

test("every country is known by its three letters", () => {
  assert.is(ALPHA_3.length, 242);
  for (const pair of ALPHA_3) assert.is(countryCode(pair.slice(0, 3)), pair.slice(3));
  assert.is(countryCode("usa"), "US");
});

test("every country is known by its English name, with or without accents, article and points", () => {
  const english = new Intl.DisplayNames("en", { type: "region" });
  for (const code of getCountries()) assert.is(countryCode(english.of(code) ?? ""), code);
  for (const [written, code] of [
    ["Cote d'Ivoire", "CI"],
    ["The Netherlands", "NL"],
    ["U.S.A.", "US"],
    ["St. Lucia", "LC"],
    ["Trinidad and Tobago", "TT"],
  ])
    assert.is(countryCode(written ?? ""), code);
});

test("other names are known, too", () => {
  for (const [code, names] of Object.entries(NAMES))
    for (const name of names) assert.is(countryCode(name), code, name);
});

test("what names no country is none", () => {
  for (const text of ["", " ", "Atlantis", "XX", "ZZZ", "840", "constructor", "__proto__"])
    assert.is(countryCode(text), undefined, text);
});

test.run();
