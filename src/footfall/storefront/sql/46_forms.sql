-- How sentences are built, in two languages: forms of a clause about one aspect, templates that join clauses, and
-- remarks about no aspect. A pattern of a text is its template with its forms; words are not counted. What `is_new`
-- occurs only from `texts_change_us` on.

create temp table clause_forms as

with

-- The sign is that of the whole clause, whatever its words say
written (language, sign, kind, is_new, form) as (

    values
    ('en', 1, 'plain', false, 'the {noun} is {good}'),
    ('en', 1, 'plain', false, 'the {noun} was {good}'),
    ('en', 1, 'plain', false, '{good} {noun}'),
    ('en', 1, 'plain', false, 'really {good} {noun}'),
    ('en', 1, 'plain', false, 'I find the {noun} {good}'),
    ('en', 1, 'plain', false, 'the {noun} turned out {good}'),
    ('en', 1, 'plain', false, 'the {noun} is very {good}'),
    ('en', 1, 'plain', false, 'I am very happy with the {noun}'),
    ('en', 1, 'plain', false, 'full marks for the {noun}'),
    ('en', 1, 'plain', false, 'what I like most is the {noun}'),
    ('en', 1, 'negated', false, 'nothing wrong with the {noun}'),
    ('en', 1, 'negated', false, 'I cannot complain about the {noun}'),
    ('en', 1, 'negated', false, 'the {noun} is not {bad} at all'),
    ('en', 1, 'negated', false, 'the {noun} isn''t {bad}, whatever some say'),
    ('en', 1, 'negated', false, 'no problems with the {noun}'),
    ('en', 1, 'negated', false, 'the {noun} was never {bad}'),
    ('en', 1, 'rival', false, 'the {noun} is much better than with my old {rival}'),
    ('en', 1, 'rival', false, 'my old {rival} was {bad}, here the {noun} is {good}'),
    ('en', 1, 'rival', false, 'compared with {rival} the {noun} is {good}'),
    ('en', 1, 'negated', false, 'hard to find fault with the {noun}'),
    ('en', 1, 'negated', false, 'the {noun} is far from {bad}'),
    ('en', 1, 'rival', false, '{rival} never managed such {good} {noun}'),
    ('en', 1, 'plain', true, 'the {noun} is simply {good}'),
    ('en', 1, 'plain', true, 'I love the {noun}'),
    ('en', 1, 'negated', true, 'the {noun} is by no means {bad}'),
    ('en', -1, 'plain', true, 'the {noun} is simply {bad}'),
    ('en', -1, 'plain', true, 'I hate the {noun}'),
    ('en', -1, 'negated', true, 'the {noun} isn''t really {good}'),
    ('en', -1, 'plain', false, 'the {noun} is {bad}'),
    ('en', -1, 'plain', false, 'the {noun} was {bad}'),
    ('en', -1, 'plain', false, '{bad} {noun}'),
    ('en', -1, 'plain', false, 'really {bad} {noun}'),
    ('en', -1, 'plain', false, 'I find the {noun} {bad}'),
    ('en', -1, 'plain', false, 'the {noun} turned out {bad}'),
    ('en', -1, 'plain', false, 'I am disappointed with the {noun}'),
    ('en', -1, 'plain', false, 'the {noun} is a let-down'),
    ('en', -1, 'plain', false, 'minus points for the {noun}'),
    ('en', -1, 'negated', false, 'the {noun} is not {good}'),
    ('en', -1, 'negated', false, 'the {noun} wasn''t {good} at all'),
    ('en', -1, 'negated', false, 'I would not call the {noun} {good}'),
    ('en', -1, 'negated', false, 'I don''t like the {noun}'),
    ('en', -1, 'negated', false, 'the {noun} is anything but {good}'),
    ('en', -1, 'rival', false, 'the {noun} was better with my old {rival}'),
    ('en', -1, 'rival', false, '{rival} has {good} {noun}, this one has not'),
    ('en', -1, 'rival', false, 'compared with {rival} the {noun} is {bad}'),
    ('en', -1, 'ironic', false, 'oh great, {irony}'),
    ('en', -1, 'ironic', false, '{good} {noun}, sure: {irony}'),
    ('en', -1, 'negated', false, 'the {noun} is hardly {good}'),
    ('en', -1, 'plain', false, 'thumbs down for the {noun}'),
    ('en', -1, 'ironic', false, 'bravo, such {good} {noun}, {irony}'),
    ('en', 0, 'fact', false, '{fact}'),
    ('en', 0, 'fact', false, 'the {noun} is average'),
    ('en', 0, 'fact', false, 'I cannot say much about the {noun} yet'),
    ('en', 0, 'fact', false, 'the {noun} is the same as last time'),
    ('en', 0, 'fact', true, 'the {noun} is neither here nor there'),
    ('en', 1, 'phrase', false, '{praise}'),
    ('en', -1, 'phrase', false, '{blame}'),
    ('zh', 1, 'plain', false, '{noun}很{good}'),
    ('zh', 1, 'plain', false, '{noun}非常{good}'),
    ('zh', 1, 'plain', false, '{noun}真的{good}'),
    ('zh', 1, 'plain', false, '{noun}挺{good}的'),
    ('zh', 1, 'plain', false, '{noun}特别{good}'),
    ('zh', 1, 'plain', false, '觉得{noun}{good}'),
    ('zh', 1, 'plain', false, '对{noun}很满意'),
    ('zh', 1, 'plain', false, '{noun}没话说'),
    ('zh', 1, 'plain', false, '给{noun}点赞'),
    ('zh', 1, 'plain', false, '最喜欢的是{noun}'),
    ('zh', 1, 'negated', false, '{noun}一点也不{bad}'),
    ('zh', 1, 'negated', false, '{noun}没什么问题'),
    ('zh', 1, 'negated', false, '{noun}挑不出毛病'),
    ('zh', 1, 'negated', false, '{noun}并不像别人说的那样{bad}'),
    ('zh', 1, 'negated', false, '{noun}没有{bad}过'),
    ('zh', 1, 'rival', false, '{noun}比我以前的{rival}好多了'),
    ('zh', 1, 'rival', false, '跟{rival}比，{noun}{good}多了'),
    ('zh', 1, 'rival', false, '以前的{rival}很{bad}，这个{noun}{good}'),
    ('zh', 1, 'plain', false, '{noun}超出预期'),
    ('zh', 1, 'negated', false, '{noun}谈不上{bad}'),
    ('zh', 1, 'rival', false, '{rival}从来没有这么{good}的{noun}'),
    ('zh', 1, 'plain', true, '{noun}相当{good}'),
    ('zh', 1, 'plain', false, '好喜欢这个{noun}'),
    ('zh', 1, 'negated', true, '{noun}并不{bad}'),
    ('zh', -1, 'plain', true, '{noun}相当{bad}'),
    ('zh', -1, 'plain', true, '讨厌这个{noun}'),
    ('zh', -1, 'negated', true, '{noun}并不{good}'),
    ('zh', -1, 'plain', false, '{noun}很{bad}'),
    ('zh', -1, 'plain', false, '{noun}太{bad}了'),
    ('zh', -1, 'plain', false, '{noun}有点{bad}'),
    ('zh', -1, 'plain', false, '{noun}实在{bad}'),
    ('zh', -1, 'plain', false, '觉得{noun}{bad}'),
    ('zh', -1, 'plain', false, '对{noun}很失望'),
    ('zh', -1, 'plain', false, '{noun}让人无语'),
    ('zh', -1, 'plain', false, '最不满意的是{noun}'),
    ('zh', -1, 'negated', false, '{noun}不{good}'),
    ('zh', -1, 'negated', false, '{noun}一点也不{good}'),
    ('zh', -1, 'negated', false, '{noun}没有想象的{good}'),
    ('zh', -1, 'negated', false, '不能说{noun}{good}'),
    ('zh', -1, 'negated', false, '不喜欢这个{noun}'),
    ('zh', -1, 'rival', false, '{noun}不如我以前的{rival}'),
    ('zh', -1, 'rival', false, '{rival}的{noun}比这个好'),
    ('zh', -1, 'rival', false, '跟{rival}比，{noun}{bad}多了'),
    ('zh', -1, 'ironic', false, '呵呵，{irony}'),
    ('zh', -1, 'ironic', false, '{noun}真是太{good}了，{irony}'),
    ('zh', -1, 'negated', false, '{noun}哪里{good}了'),
    ('zh', -1, 'plain', false, '{noun}差评'),
    ('zh', -1, 'ironic', false, '好一个{good}的{noun}，{irony}'),
    ('zh', 0, 'fact', false, '{fact}'),
    ('zh', 0, 'fact', false, '{noun}一般般'),
    ('zh', 0, 'fact', false, '{noun}还说不准'),
    ('zh', 0, 'fact', false, '{noun}和上次一样'),
    ('zh', 0, 'fact', true, '{noun}无功无过'),
    ('zh', 1, 'phrase', false, '{praise}'),
    ('zh', -1, 'phrase', false, '{blame}')

)

select
    language,
    sign,
    kind,
    is_new,
    form
from written;

-- Templates are named by how the second clause relates to the first: `one` where there is none, `like` for one of the
-- same sign, `unlike` for the opposite one, `any` where one of both judges nothing. Capital placeholders begin a sentence.
create temp table text_templates as

with

written (language, relation, is_new, template) as (

    values
    ('en', 'one', false, '{A}.'),
    ('en', 'one', false, 'Short and simple: {a}.'),
    ('en', 'one', false, 'To be honest, {a}.'),
    ('en', 'one', false, 'I must say, {a}.'),
    ('en', 'one', true, 'What can I say, {a}.'),
    ('en', 'like', false, '{A}. {B}.'),
    ('en', 'like', false, '{A} and {b}.'),
    ('en', 'like', false, '{A}, and what is more, {b}.'),
    ('en', 'like', false, 'First, {a}. Second, {b}.'),
    ('en', 'like', false, '{A}. Also, {b}.'),
    ('en', 'like', true, '{A}; {b}.'),
    ('en', 'unlike', false, '{A}, but {b}.'),
    ('en', 'unlike', false, '{A}. However, {b}.'),
    ('en', 'unlike', false, 'Although {a}, {b}.'),
    ('en', 'unlike', false, '{A}. But {b}.'),
    ('en', 'unlike', false, '{A}, though {b}.'),
    ('en', 'unlike', false, 'Well, {a}, but {b}.'),
    ('en', 'unlike', true, '{A}, yet {b}.'),
    ('en', 'any', false, '{A}. {B}.'),
    ('en', 'any', false, '{A}, and {b}.'),
    ('en', 'any', false, '{A}. By the way, {b}.'),
    ('zh', 'one', false, '{a}。'),
    ('zh', 'one', false, '总的来说，{a}。'),
    ('zh', 'one', false, '说实话，{a}。'),
    ('zh', 'one', false, '不得不说，{a}。'),
    ('zh', 'one', true, '怎么说呢，{a}。'),
    ('zh', 'like', false, '{a}。{b}。'),
    ('zh', 'like', false, '{a}，{b}。'),
    ('zh', 'like', false, '{a}，而且{b}。'),
    ('zh', 'like', false, '第一，{a}；第二，{b}。'),
    ('zh', 'like', true, '{a}，加上{b}。'),
    ('zh', 'unlike', false, '{a}，但是{b}。'),
    ('zh', 'unlike', false, '{a}，但{b}。'),
    ('zh', 'unlike', false, '{a}，不过{b}。'),
    ('zh', 'unlike', false, '虽然{a}，但是{b}。'),
    ('zh', 'unlike', false, '{a}。可是{b}。'),
    ('zh', 'unlike', true, '{a}，然而{b}。'),
    ('zh', 'any', false, '{a}。{b}。'),
    ('zh', 'any', false, '{a}，{b}。'),
    ('zh', 'any', false, '{a}。顺便说一下，{b}。')

)

select
    language,
    relation,
    is_new,
    template
from written;

-- Small talk before and after, titles by the sign of the whole, and other shops' things that are compared with
create temp table remarks as

with

written (language, is_new, openings, closings, titles_good, titles_bad, titles_else, rivals) as (

    values
    ('en', false,
        [
            'Bought it for my sister.', 'Ordered on a Monday.', 'My second one.', 'My sister loves surprises.',
            'I hate moving house.', 'Bought this last month.', 'After a bad week I treated myself.',
            'It is raining today.'
        ],
        [
            'That is all.', 'We will see.', 'Greetings from the seaside.', 'I will write more later.',
            'Have a nice day!', 'Sorry for the short text.', 'My husband ordered it.'
        ],
        ['Great', 'Happy with it', 'Recommended', 'Would buy again', 'Love it', 'Very good'],
        ['Disappointed', 'Not again', 'Poor', 'Expected more', 'Not recommended', 'Never again'],
        ['So-so', 'My review', 'It is all right', 'One month on', 'First impression'],
        ['Vanto', 'Bellmar', 'Oskar & Co', 'Tessaro', 'Nimbus']
    ),
    ('en', true,
        ['Moved in last week.', 'My neighbour swears by surprises.', 'A miserable Monday it was.'],
        ['Off to bed now.', 'My cat says hello.', 'No more to report.'],
        ['Top-notch', 'Chapeau', 'Spot on'],
        ['Hands off', 'A flop', 'Steer clear'],
        ['Half and half', 'Interim report'],
        ['Trivenza', 'Kolmar']
    ),
    ('zh', false,
        [
            '给我妹妹买的。', '星期一下的单。', '第二次买了。', '妹妹喜欢惊喜。', '最讨厌搬家了。', '上个月买的。', '今天下雨。',
            '这周过得很糟，犒劳一下自己。'
        ],
        ['先写这么多。', '再看看吧。', '祝大家天天开心！', '以后再来追评。', '是我先生下的单。', '写得不多，见谅。'],
        ['很好', '满意', '推荐', '会再买', '喜欢', '值得买'],
        ['失望', '不会再买', '太差', '不推荐', '没有下次', '后悔'],
        ['一般', '我的评价', '还行吧', '用了一个月', '初次印象'],
        ['万通', '贝玛', '那个', '云朵牌', 'Vanto']
    ),
    ('zh', true,
        ['刚搬完家。', '邻居最爱惊喜。', '倒霉的星期一。'],
        ['去睡觉了。', '我家猫问大家好。', '没别的了。'],
        ['绝了', '点赞', '真香'],
        ['避雷', '踩坑', '别买'],
        ['一半一半', '中期报告'],
        ['科马', '三叶']
    )

)

select
    language,
    is_new,
    openings,
    closings,
    titles_good,
    titles_bad,
    titles_else,
    rivals
from written;
